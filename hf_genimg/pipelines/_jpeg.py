"""What JPEG at quality 70 leaves of a luminance image, in a form that a gradient goes through."""

from __future__ import annotations

import math
from functools import cache

import torch
import torch.nn.functional as F

# The steps of the luminance at quality 70: ITU-T T.81, table K.1, times 0.6 as libjpeg rounds it. Rows are vertical
# frequencies.
STEPS = (
    (10, 7, 6, 10, 14, 24, 31, 37),
    (7, 7, 8, 11, 16, 35, 36, 33),
    (8, 8, 10, 14, 24, 34, 41, 34),
    (8, 10, 13, 17, 31, 52, 48, 37),
    (11, 13, 22, 34, 41, 65, 62, 46),
    (14, 21, 33, 38, 49, 62, 68, 55),
    (29, 38, 47, 52, 62, 73, 72, 61),
    (43, 55, 57, 59, 67, 60, 62, 59),
)


def jpeg_70(luminance: torch.Tensor) -> torch.Tensor:
    """float [N, 1, H, W] from 0 to 255, to the same after JPEG; rounding has the gradient of no rounding."""
    height, width = luminance.shape[-2:]
    padded = F.pad(luminance, (0, -width % 8, 0, -height % 8), mode="replicate") - 128
    blocks = padded.unflatten(-1, (-1, 8)).unflatten(-3, (-1, 8))[:, 0].transpose(2, 3)
    cosines, steps = cosine_transform(8).to(blocks), torch.tensor(STEPS).to(blocks)
    levels = cosines @ blocks @ cosines.T / steps
    rounded = levels + (levels.round() - levels).detach()
    decoded = (cosines.T @ (rounded * steps) @ cosines).transpose(2, 3).flatten(3).flatten(1, 2)
    return (decoded[:, None, :height, :width] + 128).clamp(0, 255)


@cache
@torch.inference_mode(False)
def cosine_transform(side: int) -> torch.Tensor:
    """The orthonormal cosine transform of `side` samples: float [side, side]."""
    rows = torch.arange(side, dtype=torch.float64)
    matrix = torch.cos(math.pi / side * (rows + 0.5) * rows[:, None]) * math.sqrt(2 / side)
    matrix[0] /= math.sqrt(2)
    return matrix.float()
