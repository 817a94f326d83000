"""Colour for grey images: a U-Net finds a and b of CIE Lab, the lightness stays (pix2pix form, arXiv:1611.07004)."""

from __future__ import annotations

import torch
from diffusers.configuration_utils import register_to_config

from ..layers.lab import lab_to_rgb, rgb_to_lab
from ._network import TranslationNetwork
from .pix2pix import Pix2PixGenerator

MOST_COLOUR = 110.0  # of a and b


class ColorizeGenerator(TranslationNetwork):
    """Lightness in, a and b out, as in the authors' colorization model; images outside are grey and RGB."""

    halo = None

    @register_to_config
    def __init__(
        self,
        image_size: int = 256,  # pixels a side in training: 16, 32, 64, 128, 256 or 512; multiples are taken too
        image_channels: int = 3,  # colour
        input_channels: int = 1,  # grey
        width: int = 64,  # channels of the largest feature map
        norm: str = "batch",  # or instance
    ) -> None:
        super().__init__()
        if (input_channels, image_channels) != (1, 3):
            fact = f"input_channels={input_channels} and image_channels={image_channels}"
            raise ValueError(f"{fact} are not possible; colour is made of grey: use input_channels=1, image_channels=3")
        self.unet = Pix2PixGenerator(image_size, 2, 1, width, norm)

    @property
    def size_multiple(self) -> int:
        """That of the U-Net."""
        return self.config.image_size

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """inputs: float [N, 1, H, W] in [-1, 1], sides multiples of `image_size`.

        Returns images: float [N, 3, H, W] in [-1, 1], of the lightness of the inputs as far as sRGB has such colours.
        """
        lightness = rgb_to_lab(inputs.expand(-1, 3, -1, -1))[:, :1]
        colours = self.unet(lightness / 50 - 1).float() * MOST_COLOUR
        return lab_to_rgb(torch.cat([lightness, colours], 1))
