"""CycleGAN (arXiv:1703.10593): two translators between two sets of pictures that are no pairs.

    hf-genimg train cyclegan
    hf-genimg train cyclegan inputs=PHOTOS targets=PAINTINGS image_size=64 random_crop=true crop_from=128 norm=none

Published setting: image_size=256 crop_from=286 random_crop=true flip=true width=64 blocks=9 stages=3 batch_size=1
schedule=linear, 200 epochs of which the first 100 keep the learning rate.

Cost: 26 s of CPU time for 600 images of digits at 28 pixels on one x86-64 core.
Reached: from blurred digits sharp ones, of the right class, though no pair was seen; edges are a little ragged; held
out, they come back after both translations to an l1 of 0.073 and 0.056. From photographs an oil filter learned from
others (stages=2 batch_size=1 identity_weight=0.1 learning_rate=3e-4 schedule=linear, 5,500 images in 7.6 minutes): 23.5
dB to the true filter's, the photograph 17.0; blue has a pattern of dots.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from ..losses.adversarial import gan_loss
from ..objectives.cycle_consistency import CycleConsistency
from ._unpaired import UnpairedRecipe


@dataclass(frozen=True, kw_only=True)
class CycleGAN(UnpairedRecipe):
    """Sizes are multiples of 4; inputs and images have one size, and each grey or colour."""

    cycle_weight: float = 10.0  # of the distance of images to themselves after both translations
    identity_weight: float | None = None  # share of cycle_weight; none: 0.5 where both sides have as many channels
    pool_size: int = 50  # earlier translations that the discriminators see

    published: ClassVar[tuple[str, ...]] = ("generator", "reverse_generator")

    players: ClassVar[dict[str, tuple[str, ...]]] = {
        "translators": ("generator", "reverse_generator"),
        "discriminators": ("discriminator", "reverse_discriminator"),
    }

    def models(self) -> dict[str, nn.Module]:
        images, inputs = self.channels().values()
        return {
            "generator": self.translator(images, inputs),
            "reverse_generator": self.translator(inputs, images),
            "discriminator": self.patch_discriminator(images),
            "reverse_discriminator": self.patch_discriminator(inputs),
        }

    def objective(self) -> CycleConsistency:
        images, inputs = self.channels().values()
        identity = 0.5 * (images == inputs) if self.identity_weight is None else self.identity_weight
        self._require("identity_weight", not identity or images == inputs, "needs as many channels on both sides")
        shapes = tuple((channels, self.image_size, self.image_size) for channels in (images, inputs))
        weights = (self.cycle_weight, identity, self.adversarial_weight)
        return CycleConsistency(gan_loss(self.loss), shapes, self.batch_size, self.pool_size, *weights)
