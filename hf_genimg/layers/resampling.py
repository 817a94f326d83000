"""Doubling and halving of maps with the binomial filter 1, 2, 1."""

from __future__ import annotations

import torch
import torch.nn.functional as F


def _filtered(maps: torch.Tensor, gain: float, stride: int) -> torch.Tensor:
    taps = torch.tensor([1.0, 2.0, 1.0], device=maps.device, dtype=maps.dtype) / 4
    kernel = (gain * taps[:, None] * taps).expand(maps.shape[1], 1, 3, 3)
    return F.conv2d(maps, kernel, padding=1, stride=stride, groups=maps.shape[1])


def doubled(maps: torch.Tensor) -> torch.Tensor:
    """Float [N, C, H, W] to [N, C, 2H, 2W]: zeros put between, then filtered so that a constant inside stays what it
    is.
    """
    count, channels, height, width = maps.shape
    spread = F.pad(maps[:, :, :, None, :, None], (0, 1, 0, 0, 0, 1)).reshape(count, channels, 2 * height, 2 * width)
    return _filtered(spread, 4.0, 1)


def halved(maps: torch.Tensor) -> torch.Tensor:
    """Float [N, C, 2H, 2W] to [N, C, H, W]: filtered, and every second position taken."""
    return _filtered(maps, 1.0, 2)
