"""Colorization as pix2pix does it (arXiv:1611.07004): a U-Net finds the colours of CIELAB that go with the lightness.

    hf-genimg train colorize
    hf-genimg train colorize data=PHOTOS image_size=64 random_crop=true crop_from=96 flip=true norm=instance

Digits are coloured by their class. Published setting: image_size=256 width=64 batch_size=1 learning_rate=2e-4.

Cost: TODO 0
Reached: TODO 0
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

from torch import nn

from ..data import separate_split
from ..data.coloured_digits import in_colours
from ..layers.jitter import shift_together
from ..losses.adversarial import gan_loss
from ..models.colorize import ColorizeDiscriminator, ColorizeGenerator
from ..objectives.colorization import Colorization
from .pix2pix import Pix2Pix


@dataclass(frozen=True, kw_only=True)
class Colorize(Pix2Pix):
    """Image sizes 16, 32, 64, 128, 256 and 512; targets in colour, inputs grey."""

    image_channels: int | None = 3
    inputs: str | None = "lightness"

    @property
    def labelled(self) -> bool:
        return separate_split(self.data)[0] == "digits"

    def check(self) -> None:
        super().check()
        self._require("image_channels", self.image_channels == 3, "must be 3: what is made is in colour")
        self._require("input_channels", self.input_channels in (None, 1), "must be 1: what is coloured is grey")

    def dataset(self, split: str | None = None) -> Any:
        found = super().dataset(split)
        return replace(found, targets=in_colours(found.targets)) if self.labelled else found

    def models(self) -> dict[str, nn.Module]:
        size = {"image_size": self.image_size, "width": self.width, "norm": self.norm}
        discriminator = ColorizeDiscriminator(**size, stages=self.stages)
        return {"generator": ColorizeGenerator(**size), "discriminator": discriminator}

    def objective(self) -> Colorization:
        shifted = partial(shift_together, most=self.shift) if self.shift else None
        return Colorization(gan_loss(self.loss), self.l1_weight, shifted)

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=32)
