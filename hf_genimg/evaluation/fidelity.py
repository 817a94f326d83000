"""torch-fidelity's extractors as they are, and its metrics on features that are there already."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import Any, ClassVar
from urllib.error import URLError

import numpy as np
import torch
import torch_fidelity
from torch import nn
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric
from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY
from torch_fidelity.utils import create_feature_extractor

from ..features.fidelity_networks import INCEPTION, InceptionV3, load_inception
from ..features.files import file_sha256, read_state_dict

VERSION = torch_fidelity.__version__
INCEPTION_BATCH = 8  # images at a time on a CPU: maps below 32 MiB or so come from memory that is there already
KID_SUBSETS, LARGEST_KID_SUBSET, SMALLEST_KID_SUBSET = 100, 1000, 100
DISTANCES = 2**24  # (128 MiB) that are held at a time
NEIGHBOURS = 3  # of precision and recall (arXiv:1904.06991)


def extractor_names() -> list[str]:
    """The extractors of torch-fidelity."""
    return sorted(FEATURE_EXTRACTORS_REGISTRY)


def open_fidelity_extractor(name: str, weights: str | Path | None = None) -> TorchFidelityExtractor:
    """One of torch-fidelity's extractors, with weights of a file, or those that it keeps or downloads itself.

    Raises `ValueError` for a file that is neither the published one nor safetensors, or that the extractor cannot take,
    and where neither file nor network is there.
    """
    if name == INCEPTION:
        return Inception(load_inception(weights))
    layer = FEATURE_EXTRACTORS_REGISTRY[name].get_default_feature_layer_for_metric("fid")
    if weights is None:
        return TorchFidelityExtractor(name, _create(name, layer, None), "as downloaded by torch-fidelity", layer)
    sha256 = file_sha256(weights)
    with tempfile.TemporaryDirectory() as folder:  # torch-fidelity unpickles its file: it gets one that we wrote
        safe = Path(folder) / "weights.pth"
        torch.save(read_state_dict(weights), safe)
        return TorchFidelityExtractor(name, _create(name, layer, safe), sha256, layer)


def _create(name: str, layer: str, weights: Path | None) -> nn.Module:
    path = {} if weights is None else {"feature_extractor_weights_path": str(weights)}
    try:
        return create_feature_extractor(name, [layer], cuda=False, verbose=False, **path)
    except (URLError, OSError) as error:
        raise ValueError(
            f"the weights of {name} are not on this machine and cannot be downloaded ({error}); give "
            "--extractor-weights FILE, or use --extractor digits, efficientnet-lite0 or a classifier of your own"
        ) from error
    except RuntimeError as error:
        raise ValueError(f"the extractor weights do not fit {name}: {' '.join(str(error).split())[:200]}") from error


class TorchFidelityExtractor:
    """One of torch-fidelity's extractors as it is."""

    resize = "by the extractor itself"
    image_size: int | None = None
    num_classes = 0
    facts: ClassVar[dict[str, object]] = {}

    def __init__(self, name: str, network: nn.Module, sha256: str, layer: str) -> None:
        self.name, self.network, self.sha256, self.layer = name, network.eval(), sha256, layer
        self.device = torch.device("cpu")

    def check(self, image_channels: int) -> None:
        """Grey and colour will do."""

    def to(self, device: torch.device) -> None:
        """Move there."""
        self.device = device
        self.network.to(device)

    def __call__(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """uint8 [N, H, W, C] to features [N, D]."""
        return self.network(_colour(pixels.to(self.device)))[0], None


class Inception(TorchFidelityExtractor):
    """torch-fidelity's InceptionV3 with its own weights, run faster; in float32 its FID is torch-fidelity's to 1e-5.

    Images are few at a time on a CPU.
    """

    num_classes = 1008

    def __init__(self, network: InceptionV3) -> None:
        super().__init__(network.name, network, network.sha256, network.layer)
        self.resize = network.resizing

    def __call__(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """uint8 [N, H, W, C] to features [N, 2048] and unbiased logits [N, 1008]."""
        parts = pixels.split(INCEPTION_BATCH if self.device.type == "cpu" else len(pixels))
        levels = (_colour(part.to(self.device)).float() for part in parts)
        features = torch.cat([self.network.pooled(self.network.prepare_levels(part)) for part in levels])
        return features, self.network.classify(features)


def _colour(pixels: torch.Tensor) -> torch.Tensor:
    """uint8 [N, H, W, C] to [N, 3, H, W]: grey is repeated."""
    return pixels.permute(0, 3, 1, 2).expand(-1, 3, -1, -1)


def kid_subset_size(fakes: int, reals: int) -> int:
    """min(1000, half the smaller set); `ValueError` where that is below 100."""
    size = min(LARGEST_KID_SUBSET, min(fakes, reals) // 2)
    if size < SMALLEST_KID_SUBSET:
        raise ValueError(
            f"{min(fakes, reals)} images are too few for KID; use {2 * SMALLEST_KID_SUBSET} or more on both sides"
        )
    return size


def kernel_distance(fake: np.ndarray, real: np.ndarray, seed: int) -> tuple[float, float]:
    """KID (arXiv:1801.01401) of features [M, D] and [N, D]: mean and standard deviation over 100 pairs of subsets."""
    size = kid_subset_size(len(fake), len(real))
    found = kid_features_to_metric(
        _double(fake), _double(real), kid_subsets=KID_SUBSETS, kid_subset_size=size, rng_seed=seed, verbose=False
    )
    return found["kernel_inception_distance_mean"], found["kernel_inception_distance_std"]


def inception_score(logits: np.ndarray, splits: int, seed: int) -> tuple[float, float]:
    """Inception Score (arXiv:1606.03498) of logits [N, K]: mean and standard deviation over `splits` parts."""
    found = isc_features_to_metric(torch.from_numpy(logits), splits, True, seed)
    return found["inception_score_mean"], found["inception_score_std"]


def precision_and_recall(fake: np.ndarray, real: np.ndarray) -> tuple[float, float]:
    """Improved precision and recall (arXiv:1904.06991, eq. 2) of features [M, D] and [N, D], by the third neighbour."""
    rows = max(100, min(2000, DISTANCES // max(len(fake), len(real))))
    found: dict[str, Any] = prc_features_to_metric(
        _double(fake), _double(real), prc_neighborhood=NEIGHBOURS, prc_batch_size=rows, save_cpu_ram=True, verbose=False
    )
    return found["precision"], found["recall"]


def _double(table: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.asarray(table, dtype=np.float64))


def register(extractor: Any) -> str:
    """Make a classifier extractor known to torch-fidelity under its own name, for use with its own command and
    functions.
    """
    from torch_fidelity.feature_extractor_base import FeatureExtractorBase

    class Registered(FeatureExtractorBase):
        def __init__(self, name: str, features_list: list[str], **_: Any) -> None:
            super().__init__(name, features_list)

        get_provided_features_list = staticmethod(lambda: ("features", "logits"))
        get_default_feature_layer_for_metric = staticmethod(lambda metric: "logits" if metric == "isc" else "features")
        can_be_compiled = staticmethod(lambda: False)
        get_default_name = staticmethod(lambda: extractor.name)

        def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
            tables = dict(zip(("features", "logits"), extractor(images.permute(0, 2, 3, 1)), strict=True))
            return tuple(tables[name] for name in self.features_list)

    with contextlib.suppress(KeyError):
        del FEATURE_EXTRACTORS_REGISTRY[extractor.name]
    torch_fidelity.register_feature_extractor(extractor.name, Registered)
    return extractor.name
