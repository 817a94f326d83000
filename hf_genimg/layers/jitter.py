"""Random affine transforms and blur, as augmentation: a classifier learns shapes, and a translator does not
memorize its few pairs.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

SHIFT = 0.1  # of the side, either way
TURN = math.radians(12)
ZOOM = 0.12
BLUR = 0.6  # the most of a 3x3 mean that is mixed in


def jitter(images: torch.Tensor) -> torch.Tensor:
    """Shift, rotate, scale, shear and blur each image at random, from torch's global generator; borders are repeated.

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


def shift_together(inputs: torch.Tensor, images: torch.Tensor, most: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Move each pair by up to `most` whole pixels either way, both sides alike, with noise from torch's global
    generator.

    Whole pixels keep images sharp. Borders are mirrored, so `most` is below the side.
    inputs, images: float [N, C_in, H, W] and [N, C, H, W]. Returns the same shapes.
    """
    both = F.pad(torch.cat([inputs, images], dim=1), (most,) * 4, mode="reflect")
    count, (height, width), device = len(inputs), inputs.shape[2:], inputs.device
    top, left = torch.randint(0, 2 * most + 1, (2, count), device=device)
    rows, columns = (
        top[:, None] + torch.arange(height, device=device),
        left[:, None] + torch.arange(width, device=device),
    )
    moved = both[torch.arange(count, device=device)[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(
        0, 3, 1, 2
    )
    return moved[:, : inputs.shape[1]].contiguous(), moved[:, inputs.shape[1] :].contiguous()
