"""Residual blocks of the ResNet GANs (arXiv:1704.00028, appendix C; arXiv:1802.05957, appendix B.4)."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

from .convolution import Conv2d, convolved_and_halved, repeated_and_convolved
from .spectral_norm import spectral_norm

Norm = Callable[[int], nn.Module]  # from the number of channels; called on maps and conditions
Enlarge = Callable[[torch.Tensor], torch.Tensor]


def same(module: nn.Module) -> nn.Module:
    """In place of `spectral_norm`: the layer as it is."""
    return module


def xavier(layer: nn.Module, gain: float = 1.0) -> nn.Module:
    """Weights uniform after Glorot, biases zero."""
    nn.init.xavier_uniform_(layer.weight, gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def convolution(in_channels: int, out_channels: int, size: int, spectral: bool, gain: float = 1.0) -> nn.Module:
    """A convolution that keeps the size of the maps."""
    return (spectral_norm if spectral else same)(
        xavier(Conv2d(in_channels, out_channels, size, padding=size // 2), gain)
    )


def linear(in_channels: int, out_channels: int, spectral: bool, bias: bool = True) -> nn.Module:
    """A linear layer."""
    return (spectral_norm if spectral else same)(xavier(nn.Linear(in_channels, out_channels, bias=bias)))


def enlarged(maps: torch.Tensor) -> torch.Tensor:
    """Maps of twice the size, by bilinear interpolation."""
    return F.interpolate(maps, scale_factor=2, mode="bilinear", align_corners=False)


def repeated(maps: torch.Tensor) -> torch.Tensor:
    """Maps of twice the size, each position four times."""
    return F.interpolate(maps, scale_factor=2, mode="nearest")


class PlainNorm(nn.BatchNorm2d):
    """Batch norm that no condition changes."""

    def forward(self, maps: torch.Tensor, condition: torch.Tensor | None = None) -> torch.Tensor:
        return super().forward(maps)


class UpBlock(nn.Module):
    """norm, ReLU, twice the size, 3x3, norm, ReLU, 3x3; beside it 1x1 and twice the size (size first, as in the
    papers, gives the same for four times the work).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        norm: Norm = PlainNorm,
        spectral: bool = False,
        enlarge: Enlarge = enlarged,
    ) -> None:
        super().__init__()
        self.enlarge = enlarge
        self.first_norm, self.second_norm = norm(in_channels), norm(out_channels)
        self.first = convolution(in_channels, out_channels, 3, spectral, math.sqrt(2))
        self.second = convolution(out_channels, out_channels, 3, spectral, math.sqrt(2))
        self.shortcut = convolution(in_channels, out_channels, 1, spectral)

    def forward(self, maps: torch.Tensor, condition: torch.Tensor | None = None) -> torch.Tensor:
        branch = self.first_norm(maps, condition).relu()
        if self.enlarge is repeated:
            branch = repeated_and_convolved(self.first, branch)
        else:
            branch = self.first(self.enlarge(branch))
        branch = self.second(self.second_norm(branch, condition).relu())
        return branch + self.enlarge(self.shortcut(maps))


class DownBlock(nn.Module):
    """ReLU, 3x3, ReLU, 3x3, and half the size where `half`; beside it 1x1 where channels or size change.

    first: of the image itself: no ReLU before the first convolution.
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, half: bool, first: bool = False, spectral: bool = False
    ) -> None:
        super().__init__()
        hidden = out_channels if first else in_channels
        self.half, self.is_first = half, first
        self.first = convolution(in_channels, hidden, 3, spectral, math.sqrt(2))
        self.second = convolution(hidden, out_channels, 3, spectral, math.sqrt(2))
        self.shortcut = (
            convolution(in_channels, out_channels, 1, spectral)
            if half or in_channels != out_channels
            else nn.Identity()
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        branch = self.first(maps if self.is_first else maps.relu()).relu()
        if not self.half:
            return self.second(branch) + self.shortcut(maps)
        return convolved_and_halved(self.second, branch) + self.shortcut(F.avg_pool2d(maps, 2))
