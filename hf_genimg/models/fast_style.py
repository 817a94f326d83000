"""Fast style transfer (arXiv:1603.08155, with the instance norm of arXiv:1607.08022): one network for one style."""

from __future__ import annotations

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.residual import repeated
from ..layers.style import edge_convolution
from ._network import TranslationNetwork

BOUND = 4.0  # deviations; a map that is active in one place alone has far more there, which shows as a spot
CONTRAST = 0.5  # standard deviation of each colour channel at the start of training, of 1 for half the range
MARGIN = 32  # pixels by which a picture is continued at each side in eval mode; the published code does so with 40
LEAST = 0.001  # added to the variance of each colour channel, so that the noise of a flat image is not blown up


class _Normed(nn.Module):
    """Twice the size where `enlarge`, a convolution, instance norm, ReLU up to `BOUND` where `active`."""

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
        return maps.clamp(0, BOUND) if self.active else maps


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(_Normed(channels, channels, 3), _Normed(channels, channels, 3, active=False))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return maps + self.branch(maps)


class FastStyleTranslator(TranslationNetwork):
    """Convolutions to a quarter of the size, residual blocks, and back by nearest neighbours and convolutions.

    What the last convolution gives is zero at first, and is added to the input, whose channels are normalised over the
    image and mixed by a 1x1 convolution: training begins at the picture, which the published network has to learn to
    copy, and its colours can become those of the style whatever they were.
    Edges of a picture are unlike the rest to strided convolutions and to a feature network that pads with zeros, so a
    network learns a border of its own there. In eval mode pictures are therefore continued by their reflection, and
    the continuation is cut off again.

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
        nn.init.zeros_(self.layers[-1].weight)
        self.colours = nn.Conv2d(input_channels, image_channels, 1)
        with torch.no_grad():
            mixed = torch.eye(input_channels) if image_channels == input_channels else 1 / input_channels
            self.colours.weight.copy_(CONTRAST * torch.ones(image_channels, input_channels, 1, 1))
            self.colours.weight[..., 0, 0] *= mixed
            self.colours.bias.zero_()

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """inputs: float [N, C_in, H, W] in [-1, 1], sides multiples of 4.

        Returns images of their size, in [-1, 1] in eval mode; in training as they are, so that every pixel has a
        gradient.
        """
        images = self.colours(nn.functional.instance_norm(inputs, eps=LEAST))
        if self.training:
            return images + self.layers(inputs)
        height, width = inputs.shape[2:]
        top, left = (min(MARGIN, (side - 1) // self.size_multiple * self.size_multiple) for side in (height, width))
        continued = nn.functional.pad(inputs, (left, left, top, top), mode="reflect")
        lines = self.layers(continued)[..., top : top + height, left : left + width]
        return (images + lines).clamp(-1, 1)
