"""Losses of brightening without references (Zero-DCE, arXiv:2001.06826, section 3.3); images are in [0, 1]."""

from __future__ import annotations

import torch
import torch.nn.functional as F

REGION, PATCH = 4, 16  # pixels a side


def spatial_consistency(images: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    """How much the contrast between neighbouring regions of 4x4 pixels changed: the mean squared change of the
    differences to the four neighbours, summed over these (eq. 5).

    images, inputs: float [N, C, H, W]. Returns a scalar.
    """
    regions = [F.avg_pool2d(side.mean(1, keepdim=True), REGION) for side in (images, inputs)]
    regions = [F.pad(each, (1, 1, 1, 1), mode="replicate") for each in regions]
    total = torch.zeros((), device=images.device)
    for rows, columns in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        differences = [(each - each.roll((rows, columns), (2, 3)))[..., 1:-1, 1:-1] for each in regions]
        total = total + (differences[0] - differences[1]).square().mean()
    return total


def exposure(images: torch.Tensor, level: float) -> torch.Tensor:
    """The mean squared distance of the means of patches of 16x16 pixels to `level` (eq. 6, as in the authors' code)."""
    size = min(PATCH, *images.shape[2:])
    return (F.avg_pool2d(images.mean(1, keepdim=True), size) - level).square().mean()


def colour_constancy(images: torch.Tensor) -> torch.Tensor:
    """How unlike the channels' means are, averaged over images (eq. 7, as in the authors' code); 0 for grey."""
    if images.shape[1] == 1:
        return torch.zeros((), device=images.device)
    red, green, blue = images.mean((2, 3)).unbind(1)
    squares = ((red - green) ** 2).square() + ((red - blue) ** 2).square() + ((green - blue) ** 2).square()
    return (squares + 1e-12).sqrt().mean()


def total_variation(curves: torch.Tensor) -> torch.Tensor:
    """Twice the mean squared differences of neighbours, in both directions (eq. 8, as in the authors' code)."""
    rows, columns = curves.diff(dim=2).square(), curves.diff(dim=3).square()
    count = len(curves)
    return (
        2
        * (rows.sum() / (rows.shape[2] * rows.shape[3]) + columns.sum() / (columns.shape[2] * columns.shape[3]))
        / count
    )
