"""Which network looks at the images: `digits`, which is part of the package, any classifier by its path, or one of
torch-fidelity's.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F

from ..pipelines.loading import load
from ..pipelines.provenance import weights_sha256
from .features import Extractor
from .fidelity import INCEPTION, extractor_names, has_inception, open_fidelity_extractor

SHIPPED = Path(__file__).parent / "weights"


def describe_extractors() -> list[tuple[str, str]]:
    """(name, one line about it) for each extractor."""
    shipped = [(folder.name, "a classifier that is part of the package; no network needed") for folder in _shipped()]
    own = [("MODEL", "any classifier: a run, a pipeline directory or a Hub id; its last layer's input is the feature")]
    note = "of torch-fidelity; weights by --extractor-weights FILE, or downloaded by it"
    return [*shipped, *own, *((name, note) for name in extractor_names())]


def _shipped() -> list[Path]:
    return sorted(folder for folder in SHIPPED.iterdir() if folder.is_dir())


def default_extractor(reference: str, weights: str | Path | None) -> str:
    """`digits` for the built-in digits, otherwise the field's standard.

    Raises `ValueError` where that would mean a download which nobody asked for.
    """
    if reference.partition("@")[0] == "digits":
        return "digits"
    if weights is None and not has_inception():
        raise ValueError(
            f"scores are usually taken by {INCEPTION}, whose weights are not on this machine; give --extractor-weights FILE, or name "
            f"--extractor {INCEPTION} to download them, or another: digits, or a classifier's run directory"
        )
    return INCEPTION


def open_extractor(name: str, weights: str | Path | None = None) -> Extractor:
    """An extractor by name, or the classifier at a path or Hub id.

    Raises `ValueError` in one line for a name that is none, a model that is no classifier, and weights that do not fit
    or are not there.
    """
    if name in extractor_names():
        return open_fidelity_extractor(name, weights)
    if weights is not None:
        raise ValueError(
            f"--extractor-weights {weights} belongs to torch-fidelity's extractors; {name} has its own weights"
        )
    shipped = {folder.name: folder for folder in _shipped()}
    known = ", ".join([*shipped, INCEPTION])
    try:
        pipeline = load(shipped.get(name, name))
    except FileNotFoundError as error:
        raise ValueError(
            f"there is no extractor {name!r} ({error}); use {known}, or a classifier's run directory"
        ) from error
    if pipeline.capabilities.task != "classification":
        raise ValueError(
            f"{name} is a model for {pipeline.capabilities.task}, not a classifier; use {known}, or a classifier's run directory"
        )
    return ClassifierExtractor(name, pipeline)


class ClassifierExtractor:
    """A classifier: its features are what enters its last layer."""

    layer = "input of the last layer"
    resize = "bilinear with antialiasing, on floats"

    def __init__(self, name: str, pipeline: object) -> None:
        self.name, self.network = name, pipeline.network.eval()
        config = self.network.config
        self.image_size, self.channels, self.num_classes = config.image_size, config.image_channels, config.num_classes
        self.sha256 = weights_sha256(self.network)

    def check(self, image_channels: int) -> None:
        """Raise `ValueError` for colour images where it was trained on grey ones."""
        if image_channels > self.channels:
            raise ValueError(
                f"the extractor {self.name} sees grey images only, and these are in colour; use {INCEPTION} or a colour classifier"
            )

    def to(self, device: torch.device) -> None:
        """Move there."""
        self.network.to(device)

    def __call__(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """uint8 [N, H, W, C] to features [N, D] and logits [N, K]; grey is repeated for a classifier of colour images."""
        images = (
            pixels.to(self.network.device)
            .permute(0, 3, 1, 2)
            .float()
            .div(127.5)
            .sub(1)
            .expand(-1, self.channels, -1, -1)
        )
        if images.shape[2:] != (self.image_size, self.image_size):
            images = F.interpolate(images, (self.image_size, self.image_size), mode="bilinear", antialias=True)
        features = self.network.features(images)
        return features, self.network.classify(features)
