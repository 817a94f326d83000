"""Colorization in the form of pix2pix (arXiv:1611.07004): lightness in, the two colours of CIELAB out."""

from __future__ import annotations

import torch
from diffusers.configuration_utils import register_to_config

from ..layers.lab import from_lab, to_lab
from ._network import Network, TranslationNetwork
from .pix2pix import Pix2PixDiscriminator, Pix2PixGenerator

LARGEST = 110.0  # of a and b in sRGB, but for -108 of blue


class ColorizeGenerator(TranslationNetwork):
    """The U-Net of pix2pix predicts a and b from L; the image has the L of its input.

    A colour that sRGB lacks at this lightness loses colourfulness, so that L is kept there too.
    """

    halo = None  # the smallest map sees the whole image

    @register_to_config
    def __init__(
        self,
        image_size: int = 256,  # pixels a side: 16, 32, 64, 128, 256 or 512; larger images are taken too
        image_channels: int = 3,  # of the image: colour
        input_channels: int = 1,  # of its input: grey
        width: int = 64,  # channels of the largest feature map
        norm: str = "batch",  # or instance: each image by its own statistics, also in eval mode
    ) -> None:
        super().__init__()
        check_channels(image_channels, input_channels)
        self.unet = Pix2PixGenerator(image_size, 2, 1, width, norm)

    @property
    def size_multiple(self) -> int:
        """A side is halved to a single pixel at `image_size`."""
        return self.config.image_size

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """inputs: float [N, 1, H, W] in [-1, 1], sides multiples of `image_size`. Returns images: float [N, 3, H, W] in
        [-1, 1], of the lightness of their inputs.
        """
        lightness = self.lightness(inputs)
        return from_lab(torch.cat([50 * (lightness + 1), LARGEST * self.predict(lightness)], 1)).to(inputs.dtype)

    def predict(self, lightness: torch.Tensor) -> torch.Tensor:
        """L / 50 - 1, float [N, 1, H, W], to a / 110 and b / 110, float32 [N, 2, H, W] in [-1, 1]."""
        return self.unet(lightness.to(self.dtype)).float()

    def lightness(self, images: torch.Tensor) -> torch.Tensor:
        """L / 50 - 1, float32 [N, 1, H, W], of images, float [N, 1 or 3, H, W] in [-1, 1]."""
        return to_lab(images)[:, :1] / 50 - 1

    def colours(self, images: torch.Tensor) -> torch.Tensor:
        """a / 110 and b / 110, float32 [N, 2, H, W], of images, float [N, 3, H, W] in [-1, 1]."""
        return to_lab(images)[:, 1:] / LARGEST


class ColorizeDiscriminator(Network):
    """Classifies the patches of an image as real or made, given its input; both in CIELAB."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 256,  # pixels a side: 16, 32, 64, 128, 256 or 512
        image_channels: int = 3,  # of the image: colour
        input_channels: int = 1,  # of its input: grey
        width: int = 64,  # channels of the largest feature map
        stages: int | None = None,  # halvings: 1, 2 or 3 for patches of 16, 34 or 70 pixels; none: fits image_size
        norm: str = "batch",  # or instance
    ) -> None:
        super().__init__()
        check_channels(image_channels, input_channels)
        self.patches = Pix2PixDiscriminator(image_size, 2, 1, width, stages, norm)

    def forward(self, inputs: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        """inputs, images: float [N, 1, H, W] and [N, 3, H, W] in [-1, 1]. Returns logits: float [N, h, w], positive for
        "real".
        """
        return self.logits(to_lab(inputs)[:, :1] / 50 - 1, to_lab(images)[:, 1:] / LARGEST)

    def logits(self, lightness: torch.Tensor, colours: torch.Tensor) -> torch.Tensor:
        """As `forward`, of L / 50 - 1, float [N, 1, H, W], and a / 110 and b / 110, float [N, 2, H, W]."""
        return self.patches(lightness.to(self.dtype), colours.to(self.dtype))


def check_channels(image_channels: int, input_channels: int) -> None:
    """Raise `ValueError` unless images are in colour and inputs grey."""
    if (image_channels, input_channels) != (3, 1):
        raise ValueError(
            f"image_channels={image_channels} and input_channels={input_channels} cannot be colorized; use "
            "image_channels=3 and input_channels=1"
        )
