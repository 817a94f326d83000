"""Fast style transfer (arXiv:1603.08155, with the instance norm of arXiv:1607.08022): one network for one style."""

from __future__ import annotations

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.residual import repeated
from ..layers.style import edge_convolution
from ._network import TranslationNetwork

MOST = 0.95  # of black and white, so that they have an inverse hyperbolic tangent


class _Normed(nn.Module):
    """Twice the size where `enlarge`, a convolution, instance norm, ReLU where `active`."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        size: int,
        stride: int = 1,
        enlarge: bool = False,
        active: bool = True,
    ) -> None:
        super().__init__()
        self.convolution = edge_convolution(in_channels, out_channels, size, stride)
        self.norm = nn.InstanceNorm2d(out_channels, affine=True)
        self.enlarge, self.active = enlarge, active

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        maps = self.norm(self.convolution(repeated(maps) if self.enlarge else maps))
        return maps.relu() if self.active else maps


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(_Normed(channels, channels, 3), _Normed(channels, channels, 3, active=False))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return maps + self.branch(maps)


class FastStyleTranslator(TranslationNetwork):
    """Convolutions to a quarter of the size, residual blocks, and back by nearest neighbours and convolutions; tanh.

    What the last convolution gives is added to an input of as many channels before the tanh, and is zero at first:
    training begins at the picture itself, which the published network has to learn to copy.
    It takes pictures of any size. Instance norm sees all of a picture, so it is not made in tiles.
    """

    size_multiple = 4

    @register_to_config
    def __init__(
        self,
        image_size: int = 256,  # pixels a side that it is trained at; pictures may have any size
        image_channels: int = 3,  # 1 grey, 3 colour
        input_channels: int = 3,  # 1 grey, 3 colour
        width: int = 32,  # channels at full size; four times as many at a quarter of it
        num_blocks: int = 5,  # residual blocks
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _Normed(input_channels, width, 9),
            _Normed(width, 2 * width, 3, stride=2),
            _Normed(2 * width, 4 * width, 3, stride=2),
            *(_Residual(4 * width) for _ in range(num_blocks)),
            _Normed(4 * width, 2 * width, 3, enlarge=True),
            _Normed(2 * width, width, 3, enlarge=True),
            edge_convolution(width, image_channels, 9),
        )
        self.adds = image_channels == input_channels
        if self.adds:
            nn.init.zeros_(self.layers[-1].weight)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """inputs: float [N, C_in, H, W] in [-1, 1], sides multiples of 4. Returns images of their size in [-1, 1]."""
        made = self.layers(inputs)
        return (torch.atanh(MOST * inputs) + made if self.adds else made).tanh()
