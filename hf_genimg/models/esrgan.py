"""ESRGAN's generator: residual blocks of densely connected convolutions that enlarge images (arXiv:1809.00219)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import register_to_config
from torch import nn

from ._enlarging import Enlarger, check_choice
from ._value_range import check_value_range, into, out_of

SCALES = (2, 4)
RESIDUAL_SHARE = 0.2  # of what a block adds
INITIAL_SHARE = 0.1  # of He's initial weights
DENSE_BLOCKS = 3  # in a residual block


class ESRGANGenerator(Enlarger):
    """RRDBNet. At scale 2 four pixels of the input become channels of one, and what follows enlarges by 4."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 128,  # pixels a side of the enlarged images in training; others are taken too
        image_channels: int = 3,  # 1 grey, 3 colour
        input_channels: int = 3,  # 1 grey, 3 colour
        width: int = 64,  # channels of the feature maps
        growth: int = 32,  # channels that each dense convolution adds
        blocks: int = 23,  # residual blocks
        scale: int = 4,  # 2 or 4
        value_range: str = "-1,1",  # of images inside: 0,1 for networks that were trained elsewhere
    ) -> None:
        super().__init__()
        check_choice("scale", scale, SCALES)
        check_value_range(value_range)
        self.first = nn.Conv2d(input_channels * (4 // scale) ** 2, width, 3, padding=1)
        self.body = nn.Sequential(*[_ResidualDenseBlocks(width, growth) for _ in range(blocks)])
        self.after_body = nn.Conv2d(width, width, 3, padding=1)
        self.ups = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        self.at_full_size = nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(width, image_channels, 3, padding=1)

    @property
    def size_multiple(self) -> int:
        """Sides are halved first at scale 2."""
        return 4 // self.scale

    @property
    def halo(self) -> int:
        """Five convolutions in each dense block, and those around; twice as many pixels at scale 2."""
        return self.size_multiple * (5 * DENSE_BLOCKS * self.config.blocks + 2 + math.ceil(0.5 + 0.25 * 3) + 1)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """inputs: float [N, input_channels, H, W] in [-1, 1], even sides at scale 2.

        Returns images: float [N, image_channels, scale H, scale W], in [-1, 1] in eval mode.
        """
        value_range = self.config.value_range
        first = self.first(F.pixel_unshuffle(into(inputs, value_range), 4 // self.scale))
        maps = first + self.after_body(self.body(first))
        for up in self.ups:
            maps = _leaky(up(F.interpolate(maps, scale_factor=2, mode="nearest")))
        return self.bounded(out_of(self.last(_leaky(self.at_full_size(maps))), value_range))


def _leaky(maps: torch.Tensor) -> torch.Tensor:
    return F.leaky_relu(maps, 0.2)


class _DenseBlock(nn.Module):
    """Five convolutions, each of which sees the input and all before it."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv2d(width + number * growth, growth if number < 4 else width, 3, padding=1) for number in range(5)
        )
        for layer in self.layers:
            nn.init.kaiming_normal_(layer.weight)
            layer.weight.data.mul_(INITIAL_SHARE)
            nn.init.zeros_(layer.bias)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        seen = maps
        for layer in self.layers[:-1]:
            seen = torch.cat([seen, _leaky(layer(seen))], 1)
        return maps + RESIDUAL_SHARE * self.layers[-1](seen)


class _ResidualDenseBlocks(nn.Module):
    """x + 0.2 (three dense blocks of x)."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*[_DenseBlock(width, growth) for _ in range(DENSE_BLOCKS)])

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return maps + RESIDUAL_SHARE * self.blocks(maps)
