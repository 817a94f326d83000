"""The only file that knows torch-fidelity: its extractors, and its metrics on features that are there already."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import torch
import torch_fidelity
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch_fidelity.feature_extractor_inceptionv3 import BasicConv2d
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric
from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY
from torch_fidelity.utils import create_feature_extractor

VERSION = torch_fidelity.__version__
INCEPTION = "inception-v3-compat"
INCEPTION_SHA256 = "6726825d"  # of the published weights: the first digits, as its file name has them
INCEPTION_STAGES = (
    *("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "MaxPool_1", "Conv2d_3b_1x1", "Conv2d_4a_3x3", "MaxPool_2"),
    *("Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"),
    *("Mixed_7a", "Mixed_7b", "Mixed_7c", "AvgPool"),
)
INCEPTION_SIZE = 299
INCEPTION_BATCH = (
    8  # images at a time on a CPU: maps that stay below 32 MiB or so come from memory that is there already
)
KID_SUBSETS, LARGEST_KID_SUBSET, SMALLEST_KID_SUBSET = 100, 1000, 100
DISTANCES = 2**24  # (128 MiB) that are held at a time
NEIGHBOURS = 3  # of precision and recall (arXiv:1904.06991)


def extractor_names() -> list[str]:
    """The extractors of torch-fidelity."""
    return sorted(FEATURE_EXTRACTORS_REGISTRY)


def open_fidelity_extractor(name: str, weights: str | Path | None = None) -> TorchFidelityExtractor:
    """One of torch-fidelity's extractors, with weights of a file, or those that it keeps or downloads itself.

    Raises `ValueError` for a file that is neither the published one nor safetensors, and where neither file nor network
    is there.
    """
    kind = Inception if name == INCEPTION else TorchFidelityExtractor
    layers = ["2048", "logits_unbiased"] if name == INCEPTION else [_default_layer(name)]
    if weights is None:
        return kind(name, _create(name, layers, None), _kept_sha256(name), layers[0])
    sha256 = file_sha256(Path(weights))
    with (
        tempfile.TemporaryDirectory() as folder
    ):  # torch-fidelity unpickles what it is given: so it is given what we wrote
        safe = Path(folder) / "weights.pth"
        torch.save(_state_dict(name, Path(weights), sha256), safe)
        return kind(name, _create(name, layers, safe), sha256, layers[0])


def file_sha256(path: Path) -> str:
    """Of a file's content; `ValueError` when it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ValueError(f"extractor weights {path} cannot be read ({error.strerror}); give the file's path") from error


def _default_layer(name: str) -> str:
    return FEATURE_EXTRACTORS_REGISTRY[name].get_default_feature_layer_for_metric("fid")


def _state_dict(name: str, path: Path, sha256: str) -> dict[str, torch.Tensor]:
    if name == INCEPTION and path.suffix != ".safetensors" and not sha256.startswith(INCEPTION_SHA256):
        raise ValueError(
            f"extractor weights {path} have the sha256 {sha256[:16]}..., and the published ones of {name} begin with {INCEPTION_SHA256}; "
            "download them again, or give a .safetensors file"
        )
    return plain_state_dict(path)


def plain_state_dict(path: Path) -> dict[str, torch.Tensor]:
    """The tensors in a file, of which no code is run; `ValueError` where it holds anything else."""
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(
            f"extractor weights {path} are no plain state dict ({type(error).__name__}); give a .safetensors file"
        ) from error


def _create(name: str, layers: list[str], weights: Path | None) -> nn.Module:
    path = {} if weights is None else {"feature_extractor_weights_path": str(weights)}
    try:
        return create_feature_extractor(name, layers, cuda=False, verbose=False, **path)
    except (URLError, OSError) as error:
        raise ValueError(
            f"the weights of {name} are not on this machine and cannot be downloaded ({error}); give --extractor-weights FILE, or use "
            "--extractor digits or a classifier of your own"
        ) from error
    except RuntimeError as error:
        raise ValueError(f"the extractor weights do not fit {name}: {' '.join(str(error).split())[:200]}") from error


def has_inception() -> bool:
    """Whether torch-fidelity has downloaded Inception's weights before."""
    return bool(_kept_inception())


def _kept_inception() -> list[Path]:
    return sorted(Path(torch.hub.get_dir(), "checkpoints").glob(f"weights-inception*{INCEPTION_SHA256}.pth"))


def _kept_sha256(name: str) -> str:
    """Of the weights that torch-fidelity keeps for itself."""
    files = _kept_inception() if name == INCEPTION else []
    return file_sha256(files[0]) if files else "as downloaded by torch-fidelity"


class TorchFidelityExtractor:
    """One of torch-fidelity's extractors as it is."""

    resize = "by the extractor itself"
    image_size: int | None = None
    num_classes = 0

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

    Batch norms are folded into the convolutions, maps are channels last and few at a time, and TensorFlow 1's resize is
    two matrix products.
    """

    resize = "bilinear to 299 as TensorFlow 1 does, without antialiasing"
    num_classes = 1008

    def __init__(self, name: str, network: nn.Module, sha256: str, layer: str) -> None:
        super().__init__(name, network, sha256, layer)
        for module in network.modules():
            if isinstance(module, BasicConv2d):
                module.conv, module.bn = fuse_conv_bn_eval(module.conv, module.bn), nn.Identity()
        network.to(memory_format=torch.channels_last)
        self._stages = [getattr(network, stage) for stage in INCEPTION_STAGES]

    def __call__(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """uint8 [N, H, W, C] to features [N, 2048] and unbiased logits [N, 1008]."""
        height, width = (tensorflow_resize(size, INCEPTION_SIZE).to(self.device) for size in pixels.shape[1:3])
        parts = pixels.split(INCEPTION_BATCH if self.device.type == "cpu" else len(pixels))
        features = torch.cat([self._features(part, height, width) for part in parts])
        return features, features @ self.network.fc.weight.T

    def _features(self, pixels: torch.Tensor, height: torch.Tensor, width: torch.Tensor) -> torch.Tensor:
        """height, width: the matrices that resize each side."""
        images = _colour(pixels.to(self.device)).float()
        maps = ((height @ images @ width.T - 128) / 128).contiguous(memory_format=torch.channels_last)
        for stage in self._stages:
            maps = stage(maps)
        return maps.flatten(1)


def _colour(pixels: torch.Tensor) -> torch.Tensor:
    """uint8 [N, H, W, C] to [N, 3, H, W]: grey is repeated."""
    return pixels.permute(0, 3, 1, 2).expand(-1, 3, -1, -1)


def tensorflow_resize(size: int, target: int) -> torch.Tensor:
    """The matrix [target, size] of TensorFlow 1's bilinear resize along one side: output i reads at i size / target,
    the corner aligned.
    """
    position = torch.arange(target, dtype=torch.float32) * torch.tensor(size / target, dtype=torch.float32)
    low = position.long()
    weight = position - low
    matrix = torch.zeros(target, size)
    matrix[torch.arange(target), low] += 1 - weight
    matrix[torch.arange(target), (low + 1).clamp(max=size - 1)] += weight
    return matrix


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
    """Improved precision and recall (arXiv:1904.06991, eq. 2) of features [M, D] and [N, D], with the third neighbour."""
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
