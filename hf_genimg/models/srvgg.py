"""SRVGG: a plain chain of convolutions that enlarges images (Real-ESRGAN, arXiv:2107.10833)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import register_to_config
from torch import nn

from ._enlarging import Enlarger
from ._value_range import check_value_range, into, out_of

SCALES = (1, 2, 3, 4)


class SRVGGGenerator(Enlarger):
    """The compact networks of Real-ESRGAN: convolutions with PReLU, one to all pixels of the output, and the enlarged
    input added.
    """

    @register_to_config
    def __init__(
        self,
        image_size: int = 128,  # pixels a side of the enlarged images in training; others are taken too
        image_channels: int = 3,  # 1 grey, 3 colour
        input_channels: int = 3,  # the same
        width: int = 64,  # channels of the feature maps
        depth: int = 16,  # convolutions between the first and the last; 32 in the larger ones
        scale: int = 4,  # 1, 2, 3 or 4
        value_range: str = "-1,1",  # of images inside: 0,1 for networks that were trained elsewhere
    ) -> None:
        super().__init__()
        if scale not in SCALES or input_channels != image_channels:
            fact = f"scale={scale}, input_channels={input_channels} and image_channels={image_channels}"
            raise ValueError(f"{fact} are not possible; use scale 1 to 4, and as many channels on both sides")
        check_value_range(value_range)
        layers: list[nn.Module] = [nn.Conv2d(input_channels, width, 3, padding=1), nn.PReLU(width)]
        for _ in range(depth):
            layers += [nn.Conv2d(width, width, 3, padding=1), nn.PReLU(width)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, image_channels * scale**2, 3, padding=1))

    @property
    def halo(self) -> int:
        """One pixel for each convolution."""
        return self.config.depth + 2

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """inputs: float [N, C, H, W] in [-1, 1].

        Returns images: float [N, C, scale H, scale W], in [-1, 1] in eval mode.
        """
        inputs = into(inputs, self.config.value_range)
        images = F.pixel_shuffle(self.layers(inputs), self.scale)
        images = images + F.interpolate(inputs, scale_factor=self.scale, mode="nearest")
        return self.bounded(out_of(images, self.config.value_range))
