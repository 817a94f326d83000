"""Doubling and halving of maps with the binomial filter 1, 2, 1, computed as means of neighbours: the filter is two
such means, one after the other.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F


def doubled(maps: torch.Tensor) -> torch.Tensor:
    """Float [N, C, H, W] to [N, C, 2H, 2W]: zeros put between, then filtered so that a constant inside stays what it
    is.
    """
    repeated = F.interpolate(maps, scale_factor=2, mode="nearest")
    return F.avg_pool2d(F.pad(repeated, (0, 1, 0, 1)), 2, stride=1)


def halved(maps: torch.Tensor) -> torch.Tensor:
    """Float [N, C, 2H, 2W] to [N, C, H, W]: filtered, with zeros around, and every second position taken."""
    return F.avg_pool2d(F.avg_pool2d(maps, 2, stride=1, padding=1), 2)
