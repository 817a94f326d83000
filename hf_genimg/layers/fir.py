"""Resampling of maps with the binomial filter 1, 3, 3, 1 (arXiv:1912.04958, appendix B)."""

from __future__ import annotations

import torch
import torch.nn.functional as F

TAPS = (1.0, 3.0, 3.0, 1.0)


def filtered(maps: torch.Tensor, padding: tuple[int, int], *, gain: float = 1.0, stride: int = 1) -> torch.Tensor:
    """Each channel of maps, float [N, C, H, W], filtered by the outer product of the taps, with sum `gain`.

    padding: zeros before and after both sides.
    """
    taps = torch.tensor(TAPS, device=maps.device, dtype=maps.dtype) / sum(TAPS)
    kernel = (gain * taps[:, None] * taps).expand(maps.shape[1], 1, len(TAPS), len(TAPS))
    before, after = padding
    if before != after:
        maps, before = F.pad(maps, (before, after, before, after)), 0
    return F.conv2d(maps, kernel, padding=before, stride=stride, groups=maps.shape[1])


def upsampled(maps: torch.Tensor) -> torch.Tensor:
    """Float [N, C, H, W] to [N, C, 2H, 2W]: zeros between the pixels, then filtered; a constant stays inside what it
    is.
    """
    count, channels, height, width = maps.shape
    spread = F.pad(maps[:, :, :, None, :, None], (0, 1, 0, 0, 0, 1)).reshape(count, channels, 2 * height, 2 * width)
    return filtered(spread, (2, 1), gain=4.0)


def downsampled(maps: torch.Tensor) -> torch.Tensor:
    """Float [N, C, 2H, 2W] to [N, C, H, W]: filtered, and every second pixel taken."""
    return filtered(maps, (1, 1), stride=2)
