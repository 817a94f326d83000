"""LPIPS as a metric of grey levels; the distance itself is `features.lpips`."""

from __future__ import annotations

import torch

from ..features.lpips import LPIPS


class Perceptual(LPIPS):
    """LPIPS by the backbone in a file, of images in [0, 255]; raises `ValueError` as `LPIPS` does."""

    @torch.no_grad()
    def forward(self, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """images, targets: float [N, C, H, W] in [0, 255], grey or colour. Returns float64 [N]."""
        one, other = (side.float().div(127.5).sub(1) for side in (images, targets))
        return super().forward(one, other).double()
