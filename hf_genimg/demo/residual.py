"""What a translator changed: the residual, pixel by pixel, and how far the result is from its input."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

FULL = 64  # levels of change that are shown white


def residual(before: Image.Image, after: Image.Image) -> tuple[Image.Image, float]:
    """The change of each pixel as a grey level, and the PSNR of the result to its input.

    Args:
        before, after: of one size; modes L or RGB.

    Returns:
        A map of mode L, black where nothing changed and white from `FULL` levels, the mean over channels; and the PSNR
        in decibels over all pixels and channels, infinite where nothing changed.
    """
    change = np.abs(np.asarray(before.convert("RGB"), np.float64) - np.asarray(after.convert("RGB"), np.float64))
    levels = np.rint((change.mean(2) * 255 / FULL).clip(0, 255)).astype(np.uint8)
    error = (change**2).mean()
    return Image.fromarray(levels), 10 * math.log10(255**2 / error) if error else math.inf
