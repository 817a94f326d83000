"""AOD-Net: removes haze with five convolutions of three maps (Li et al., ICCV 2017, arXiv:1707.06543)."""

from __future__ import annotations

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from ._network import TranslationNetwork

KERNELS = (1, 3, 5, 7, 3)
BIAS = 1.0  # b of equation 5


class AODNetGenerator(TranslationNetwork):
    """J = K I - K + b, in which K unites transmission and atmospheric light (eq. 5 and 6), on images in [0, 1]."""

    halo = sum(kernel // 2 for kernel in KERNELS)

    @register_to_config
    def __init__(
        self,
        image_size: int = 480,  # pixels a side in training; others are taken too
        image_channels: int = 3,  # 1 grey, 3 colour
        input_channels: int = 3,  # the same
        width: int = 3,  # channels of the feature maps
    ) -> None:
        super().__init__()
        if input_channels != image_channels:
            raise ValueError(
                f"input_channels={input_channels} differs from image_channels={image_channels}; use equal ones"
            )
        ins, outs = (input_channels, width, 2 * width, 2 * width, 4 * width), (*(width,) * 4, image_channels)
        sizes = zip(ins, outs, KERNELS, strict=True)
        self.layers = nn.ModuleList(nn.Conv2d(one, other, side, padding=side // 2) for one, other, side in sizes)
        for layer in self.layers:
            nn.init.normal_(layer.weight, 0.0, 0.02)
            nn.init.zeros_(layer.bias)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """inputs: float [N, C, H, W] in [-1, 1].

        Returns images of the same shape, in [-1, 1] in eval mode; in training not bounded above, so that every pixel
        that is too bright has a gradient.
        """
        hazy = inputs * 0.5 + 0.5
        found = self.factors(hazy)
        images = torch.relu(found * hazy - found + BIAS) * 2 - 1
        return images if self.training else images.clamp(max=1)

    def factors(self, hazy: torch.Tensor) -> torch.Tensor:
        """K, float [N, C, H, W] from 0, of images in [0, 1]."""
        one, two, three, four, last = self.layers
        first = torch.relu(one(hazy))
        second = torch.relu(two(first))
        third = torch.relu(three(torch.cat([first, second], 1)))
        fourth = torch.relu(four(torch.cat([second, third], 1)))
        return torch.relu(last(torch.cat([first, second, third, fourth], 1)))
