"""A transformer prior over the tokens of a VQGAN (arXiv:2012.09841, section 3.2): the two make one pipeline.

    hf-genimg train vqgan
    hf-genimg train vqgan_prior model=runs/vqgan

Cost: 13 s of CPU time for 3,000 images of digits, imports included.
Reached: far too short to be good: 3.88 nats for each token of the held-out digits after 3,000 images.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from ._prior import TokenPriorRecipe
from .vqgan import VQGANRecipe


@dataclass(frozen=True, kw_only=True)
class VQGANPrior(TokenPriorRecipe):
    """`conditional=false` for images without labels."""

    images: int = 50_000

    first_stage: ClassVar[str] = "vqgan"

    def untrained_autoencoder(self) -> nn.Module:
        recipe = VQGANRecipe(image_channels=self.image_channels or 1).smoke()
        return recipe.override(image_size=self.image_size).models()["autoencoder"]
