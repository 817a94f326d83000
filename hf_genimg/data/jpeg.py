"""JPEG compression, there and back."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image


def jpeg(levels: np.ndarray, quality: int) -> np.ndarray:
    """What is left of an image after JPEG of that quality (libjpeg, chroma halved in both directions).

    levels: float [H, W, C] in [0, 255], C 1 or 3; quality: 1 to 100. Returns float64 of the same shape, whole levels.
    """
    pixels = np.rint(levels.clip(0, 255)).astype(np.uint8)
    file = BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(file, "JPEG", quality=quality)
    with Image.open(file, formats=("JPEG",)) as image:
        return np.asarray(image, dtype=np.float64).reshape(levels.shape)
