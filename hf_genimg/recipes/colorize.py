"""Colorization as pix2pix does it (arXiv:1611.07004): a U-Net finds the colours of CIELAB that go with the lightness.

    hf-genimg train colorize
    hf-genimg train colorize data=PHOTOS random_crop=true crop_from=40 flip=true learning_rate=4e-4 schedule=linear

Digits are coloured by their class. Published setting: image_size=256 width=64 batch_size=1 learning_rate=2e-4.

Cost: 65 s of CPU time for 20,000 images of digits at 32 pixels on one x86-64 core (240 images/s beside other work).
Reached: the 297 held-out digits in the colours of their classes: 39.1 dB on a and b (grey: 19.4), 32.5 dB on RGB, and
colourfulness 76.8 (75.4); by eye nearly all have one hue, the right one. L is kept to 0.01.
Photographs (the second command with images=12000, 6 minutes beside other work), 48 held out: meadows, skin and sky have
likely colours, colourfulness 32.0 (38.2), but not the true ones, 23.6 dB (grey: 26.1); some have a red spot in the
middle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from torch import nn

from ..data import separate_split
from ..data.coloured_digits import in_colours
from ..models.colorize import ColorizeDiscriminator, ColorizeGenerator
from ..objectives.colorization import Colorization
from .pix2pix import Pix2Pix


@dataclass(frozen=True, kw_only=True)
class Colorize(Pix2Pix):
    """Image sizes 16, 32, 64, 128, 256 and 512; targets in colour, inputs grey."""

    image_channels: int | None = 3
    images: int = 20_000
    inputs: str | None = "lightness"

    losses: ClassVar[type[Colorization]] = Colorization

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

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=32)
