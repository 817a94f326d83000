"""Random small shifts, turns and changes of size and thickness: a classifier that has seen them judges shapes, not positions."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

SHIFT = 0.1  # of the side, either way
TURN = math.radians(12)
ZOOM = 0.12
BLUR = 0.6  # the most of a 3x3 mean that is mixed in


def jitter(images: torch.Tensor) -> torch.Tensor:
    """Change each image on its own, with noise from torch's global generator; what comes in from outside repeats the border.

    images: float [N, C, H, W] in [-1, 1]. Returns the same shape and range.
    """
    shift_x, shift_y, turn, zoom_x, zoom_y, shear, blur = torch.rand(7, len(images), device=images.device) * 2 - 1
    cosine, sine = (TURN * turn).cos(), (TURN * turn).sin()
    rows = [
        torch.stack([cosine * (1 + ZOOM * zoom_x), -sine + TURN * shear, 2 * SHIFT * shift_x], 1),
        torch.stack([sine, cosine * (1 + ZOOM * zoom_y), 2 * SHIFT * shift_y], 1),
    ]
    grid = F.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    moved = F.grid_sample(images, grid.to(images.dtype), padding_mode="border", align_corners=False)
    blurred = F.avg_pool2d(moved, 3, 1, 1, count_include_pad=False)
    return moved.lerp(blurred, (BLUR * blur.clamp(min=0)).to(images.dtype)[:, None, None, None])
