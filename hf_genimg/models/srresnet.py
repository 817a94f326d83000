"""SRResNet: residual blocks and sub-pixel convolutions that enlarge images (arXiv:1609.04802), as published and in the
form without batch norm that is widely used.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import register_to_config
from torch import nn

from ._enlarging import Enlarger, check_choice, enlargements
from ._value_range import check_value_range, into, out_of

TAILS = ("convolutions", "subpixel")
SHORTCUTS = ("bilinear", "bicubic", "none")
RESIDUAL_SCALE = 0.1  # of He's initial weights, so that many residual blocks begin near the identity


class SRResNetGenerator(Enlarger):
    """The published form: batch norm, PReLU, 9x9 convolutions at both ends (arXiv:1609.04802, figure 4)."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 96,  # pixels a side of the enlarged images in training; others are taken too
        image_channels: int = 3,  # 1 grey, 3 colour
        input_channels: int = 3,  # 1 grey, 3 colour
        width: int = 64,  # channels of the feature maps
        blocks: int = 16,  # residual blocks
        scale: int = 4,  # 2, 3 or 4
    ) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(input_channels, width, 9, padding=4), nn.PReLU())
        self.body = nn.Sequential(*[_NormalizedBlock(width) for _ in range(blocks)])
        self.middle = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width))
        enlarged = [
            layer
            for factor in enlargements(scale)
            for layer in (nn.Conv2d(width, width * factor**2, 3, padding=1), nn.PixelShuffle(factor), nn.PReLU())
        ]
        self.enlarge = nn.Sequential(*enlarged)
        self.last = nn.Conv2d(width, image_channels, 9, padding=4)

    @property
    def halo(self) -> int:
        """Two 9x9 convolutions, two in each block, one behind them, and the sub-pixel convolutions."""
        return 4 + 2 * self.config.blocks + 1 + 2 + math.ceil(4 / self.scale)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """inputs: float [N, input_channels, H, W] in [-1, 1].

        Returns images: float [N, image_channels, scale H, scale W], in [-1, 1] in eval mode.
        """
        first = self.first(inputs)
        maps = first + self.middle(self.body(first))
        return self.bounded(self.last(self.enlarge(maps)))


class _NormalizedBlock(nn.Module):
    """x + BN(conv(PReLU(BN(conv(x)))))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.PReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.BatchNorm2d(width),
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return maps + self.branch(maps)


class MSRResNetGenerator(Enlarger):
    """Without batch norm, and with the enlarged input added: MSRResNet of the ESRGAN authors (arXiv:1809.00219).

    tail: `convolutions` has sub-pixel convolutions for each doubling and two convolutions at the full size, as theirs;
    `subpixel` has one convolution to all pixels of the output (ESPCN, arXiv:1609.05158), which costs half as much at
    scale 4. The image that is added is enlarged bilinearly in theirs.
    """

    @register_to_config
    def __init__(
        self,
        image_size: int = 128,  # pixels a side of the enlarged images in training; others are taken too
        image_channels: int = 3,  # 1 grey, 3 colour
        input_channels: int = 3,  # 1 grey, 3 colour
        width: int = 64,  # channels of the feature maps
        blocks: int = 16,  # residual blocks
        scale: int = 4,  # 2, 3 or 4
        tail: str = "convolutions",  # or subpixel
        shortcut: str = "bilinear",  # how the input that is added is enlarged: bilinear, bicubic or none (not added)
        value_range: str = "-1,1",  # of images inside: 0,1 for networks that were trained elsewhere
    ) -> None:
        super().__init__()
        check_choice("tail", tail, TAILS)
        check_choice("shortcut", shortcut, SHORTCUTS)
        check_value_range(value_range)
        factors = enlargements(scale)
        if shortcut != "none" and input_channels not in (1, image_channels):
            raise ValueError(
                f"input_channels={input_channels} cannot be added to image_channels={image_channels}; use shortcut=none"
            )
        self.first = nn.Conv2d(input_channels, width, 3, padding=1)
        self.body = nn.Sequential(*[_ResidualBlock(width) for _ in range(blocks)])
        if tail == "subpixel":
            enlarged = [nn.Conv2d(width, image_channels * scale**2, 3, padding=1), nn.PixelShuffle(scale)]
        else:
            enlarged = [
                layer
                for factor in factors
                for layer in (nn.Conv2d(width, width * factor**2, 3, padding=1), nn.PixelShuffle(factor), _leaky())
            ]
            enlarged += [
                nn.Conv2d(width, width, 3, padding=1),
                _leaky(),
                nn.Conv2d(width, image_channels, 3, padding=1),
            ]
        self.enlarge = nn.Sequential(*enlarged)
        self.apply(_init_weights)

    @property
    def halo(self) -> int:
        """Two convolutions in each block, those ahead and behind, and the enlarged input."""
        return 2 * self.config.blocks + 5

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """inputs: float [N, input_channels, H, W] in [-1, 1].

        Returns images: float [N, image_channels, scale H, scale W], in [-1, 1] in eval mode.
        """
        inputs = into(inputs, self.config.value_range)
        images = self.enlarge(self.body(F.leaky_relu(self.first(inputs), 0.1)))
        mode = self.config.shortcut
        if mode != "none":
            images = images + F.interpolate(inputs, scale_factor=self.scale, mode=mode, align_corners=False)
        return self.bounded(out_of(images, self.config.value_range))


class _ResidualBlock(nn.Module):
    """x + conv(relu(conv(x)))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1)
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return maps + self.branch(maps)


def _leaky() -> nn.LeakyReLU:
    return nn.LeakyReLU(0.1)


def _init_weights(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight)
        module.weight.data.mul_(RESIDUAL_SCALE)
        nn.init.zeros_(module.bias)
