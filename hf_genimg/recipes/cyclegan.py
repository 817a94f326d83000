"""CycleGAN (arXiv:1703.10593): two translators between two sets of pictures that are no pairs.

    hf-genimg train cyclegan
    hf-genimg train cyclegan inputs=PHOTOS targets=PAINTINGS image_size=64 random_crop=true

Published setting: image_size=256 crop_from=286 random_crop=true flip=true width=64 blocks=9 stages=3 batch_size=1
schedule=linear, 200 epochs of which the first 100 keep the learning rate.

Cost: 0
Reached: 0
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn

from ..losses.adversarial import gan_loss
from ..models.cyclegan import CycleGANDiscriminator, CycleGANGenerator
from ..objectives.cycle_consistency import CycleConsistency
from ..pipelines.translation import ImageTranslationPipeline
from ._unpaired import UnpairedRecipe


@dataclass(frozen=True, kw_only=True)
class CycleGAN(UnpairedRecipe):
    """Sizes are multiples of 4; inputs and images have one size, and each grey or colour."""

    cycle_weight: float = 10.0  # of the distance of images to themselves after both translations
    identity_weight: float | None = None  # share of cycle_weight; none: 0.5 where both sides have as many channels
    pool_size: int = 50  # earlier translations that the discriminators see

    published: ClassVar[tuple[str, ...]] = ("generator", "reverse_generator")

    def models(self) -> dict[str, nn.Module]:
        channels = self.channels()
        images, inputs = channels["image_channels"], channels["input_channels"]
        size = {"image_size": self.image_size, "width": self.width}
        return {
            "generator": CycleGANGenerator(**size, image_channels=images, input_channels=inputs, blocks=self.blocks),
            "reverse_generator": CycleGANGenerator(
                **size, image_channels=inputs, input_channels=images, blocks=self.blocks
            ),
            "discriminator": CycleGANDiscriminator(**size, image_channels=images, stages=self.stages),
            "reverse_discriminator": CycleGANDiscriminator(**size, image_channels=inputs, stages=self.stages),
        }

    def objective(self) -> CycleConsistency:
        images, inputs = self.channels().values()
        identity = 0.5 * (images == inputs) if self.identity_weight is None else self.identity_weight
        self._require("identity_weight", not identity or images == inputs, "needs as many channels on both sides")
        shapes = tuple((channels, self.image_size, self.image_size) for channels in (images, inputs))
        weights = (self.cycle_weight, identity, self.adversarial_weight)
        return CycleConsistency(gan_loss(self.loss), shapes, self.batch_size, self.pool_size, *weights)

    def optimizers(self, models: Mapping[str, nn.Module]) -> dict[str, torch.optim.Optimizer]:
        players = {"translators": "generator", "discriminators": "discriminator"}
        groups = {
            player: nn.ModuleDict({n: m for n, m in models.items() if n.endswith(kind)})
            for player, kind in players.items()
        }
        return super().optimizers(groups)

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        discriminator = networks["discriminator"] if self.save_discriminator else None
        return ImageTranslationPipeline(networks["generator"], discriminator, networks["reverse_generator"])
