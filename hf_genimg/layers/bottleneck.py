"""Residual blocks of BigGAN-deep: narrow between two 1x1 convolutions, beside them the maps as they are
(arXiv:1809.11096, appendix B).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .convolution import repeated_and_convolved
from .residual import Norm, PlainNorm, convolution, repeated

NARROWER = 4  # times fewer channels inside


class UpBottleneck(nn.Module):
    """norm, ReLU, 1x1 to a quarter, norm, ReLU, (twice the size,) 3x3, norm, ReLU, 3x3, norm, ReLU, 1x1.

    Beside it the first channels, as many as go out, without parameters.
    """

    def __init__(self, in_channels: int, out_channels: int, norm: Norm = PlainNorm, *, double: bool) -> None:
        super().__init__()
        inside = max(1, in_channels // NARROWER)
        self.double, self.out_channels = double, out_channels
        self.norms = nn.ModuleList(norm(channels) for channels in (in_channels, inside, inside, inside))
        self.narrow, self.widen = convolution(in_channels, inside, 1, True), convolution(inside, out_channels, 1, True)
        self.first, self.second = convolution(inside, inside, 3, True), convolution(inside, inside, 3, True)

    def forward(self, maps: torch.Tensor, condition: torch.Tensor | None = None) -> torch.Tensor:
        one, two, three, four = self.norms
        branch = two(self.narrow(one(maps, condition).relu()), condition).relu()
        branch = repeated_and_convolved(self.first, branch) if self.double else self.first(branch)
        branch = self.second(three(branch, condition).relu())
        branch = self.widen(four(branch, condition).relu())
        kept = maps[:, : self.out_channels]
        return branch + (repeated(kept) if self.double else kept)


class DownBottleneck(nn.Module):
    """ReLU, 1x1 to a quarter, ReLU, 3x3, ReLU, 3x3, ReLU, (half the size,) 1x1.

    Beside it the maps, and where more channels go out a 1x1 that makes those.
    """

    def __init__(self, in_channels: int, out_channels: int, *, half: bool) -> None:
        super().__init__()
        inside = max(1, out_channels // NARROWER)
        self.half = half
        self.narrow, self.widen = convolution(in_channels, inside, 1, True), convolution(inside, out_channels, 1, True)
        self.first, self.second = convolution(inside, inside, 3, True), convolution(inside, inside, 3, True)
        self.added = (
            convolution(in_channels, out_channels - in_channels, 1, True) if out_channels > in_channels else None
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        branch = self.first(self.narrow(maps.relu()).relu())
        branch = self.second(branch.relu()).relu()
        if self.half:
            branch, maps = F.avg_pool2d(branch, 2), F.avg_pool2d(maps, 2)
        beside = maps if self.added is None else torch.cat([maps, self.added(maps)], 1)
        return self.widen(branch) + beside
