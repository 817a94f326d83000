"""Perceptual distances as metrics of grey levels; the distances themselves are in `features`."""

from __future__ import annotations

from pathlib import Path

import torch

from ..features.load import load_features
from ..features.lpips import LPIPS
from ..features.perceptual import PerceptualDistance


class Perceptual(LPIPS):
    """LPIPS by the backbone in a file, of images in [0, 255]; raises `ValueError` as `LPIPS` does."""

    @torch.no_grad()
    def forward(self, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """images, targets: float [N, C, H, W] in [0, 255], grey or colour. Returns float64 [N]."""
        one, other = (side.float().div(127.5).sub(1) for side in (images, targets))
        return super().forward(one, other).double()


class FeatureDistance:
    """A perceptual distance of images in [0, 255] by a feature network at all its taps.

    Args:
        name, weights: as of `load_features`, which also says what is raised.
    """

    def __init__(self, name: str, weights: str | Path | None = None) -> None:
        self.network = load_features(name, weights)
        self.distance = PerceptualDistance(self.network)

    def check(self, image_size: int, image_channels: int) -> None:
        """Raise `ValueError` for images that are too small for it, or of colours that it does not take."""
        if image_channels > self.network.image_channels:
            raise ValueError(f"the extractor {self.network.name} takes grey images only, and these are in colour")
        if self.network.resolution is None and image_size < self.network.smallest:
            raise ValueError(
                f"images of {image_size} pixels are too small for {self.network.name}; it needs {self.network.smallest}"
            )

    @property
    def facts(self) -> dict[str, object]:
        """What a protocol says of it."""
        network = self.network
        return {"network": network.name, "sha256": network.sha256, "taps": network.taps, "size": network.resolution}

    @torch.no_grad()
    def __call__(self, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """images, targets: float [N, C, H, W] in [0, 255], grey or colour. Returns float64 [N]."""
        return self.distance(*(side.float().div(127.5).sub(1) for side in (images, targets))).double()
