"""Colorization in the form of pix2pix (arXiv:1611.07004): colours for grey pictures, by L1 and a patch discriminator.

    hf-genimg train colorize
    hf-genimg train colorize data=PHOTOS image_size=64 random_crop=true flip=true

Digits are grey, so on them it learns to add no colour. Published setting: image_size=256 width=64 batch_size=1
schedule=linear; the paper's distance is on a and b, here it is on RGB. Unsure colours become pale: the mean is safest.

Cost: 0
Reached: 0
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.colorize import ColorizeGenerator
from ..models.pix2pix import Pix2PixDiscriminator
from ._translation import TranslationRecipe


@dataclass(frozen=True, kw_only=True)
class Colorize(TranslationRecipe):
    """Image sizes 16, 32, 64, 128, 256 and 512; inputs are grey, images RGB."""

    inputs: str | None = "grey"
    input_channels: int | None = 1  # grey
    image_channels: int | None = 3  # colour
    image_size: int = 32
    images: int = 4_000
    batch_size: int = 16
    sample_images: int = 2_000
    ema_half_life: int = 500
    width: int = 16  # channels of the largest feature maps; 64 in the paper
    norm: str = "batch"  # or instance
    stages: int | None = None  # of the discriminator: 1, 2 or 3 for patches of 16, 34 or 70 pixels; none: fits

    def check(self) -> None:
        super().check()
        self._require("image_channels", self.image_channels == 3, "must be 3: colour is what it adds")

    def models(self) -> dict[str, nn.Module]:
        size = {"image_size": self.image_size, "width": self.width, "norm": self.norm}
        return {
            "generator": ColorizeGenerator(**size),
            "discriminator": Pix2PixDiscriminator(**size, input_channels=1, image_channels=3, stages=self.stages),
        }

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=32, width=4)
