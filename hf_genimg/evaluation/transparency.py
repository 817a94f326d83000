"""Images with transparency, as extractors and pixel-based measures see them: over white, and over black as well."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

WHITE, BLACK = 255, 0


def composite(levels: torch.Tensor, level: int) -> torch.Tensor:
    """Composite levels from 0 to 255, of any dtype, [N, H, W, 4], colours not multiplied by alpha, over a grey level:
    float [N, H, W, 3].
    """
    colours, alpha = levels[..., :3].float(), levels[..., 3:].float() / 255
    return colours * alpha + (1 - alpha) * level


def over_level(pixels: torch.Tensor, level: int) -> torch.Tensor:
    """`composite` of uint8, as uint8."""
    return composite(pixels, level).round().to(torch.uint8)


class Composited:
    """An array of premultiplied images, uint8 [N, H, W, 4], each access of which is over a grey level.

    shape, dtype: of what an access gives.
    """

    def __init__(self, images: Any, level: int) -> None:
        self._images, self._level = images, level
        self.shape, self.dtype = (*images.shape[:-1], 3), np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, rows: Any) -> np.ndarray:
        """uint8 [..., H, W, 3] of an index, a slice or an array of indices."""
        levels = np.asarray(self._images[rows]).astype(np.uint16)
        behind = ((255 - levels[..., 3:]) * self._level + 127) // 255
        return np.minimum(levels[..., :3] + behind, 255).astype(np.uint8)
