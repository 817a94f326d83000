"""Conditional GAN (arXiv:1411.1784): DCGAN's networks, with the class as a one-hot vector beside their inputs.

    hf-genimg train cgan
    hf-genimg train cgan data=MNIST image_size=28 width=16 images=200000

Cost: 5 minutes for the second on one busy core (2 of them of CPU time).
Reached: 71.7 % (69.7 to 73.6) of 2,000 digits are classified as their label, of test images 99.15 %
(benchmarks/label_agreement.py); mostly legible, and too short a run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.cgan import CGANDiscriminator, CGANGenerator
from ._private_gan import PrivateConditionalRecipe


@dataclass(frozen=True, kw_only=True)
class CGAN(PrivateConditionalRecipe):
    """Image sizes 16, 28, 32, 64, 128 and 256, grey or colour; data with classes."""

    image_size: int = 32
    images: int = 240_000
    width: int = 32  # channels of the largest feature map
    normalization: str = "batch"  # of the discriminator; or group, as dp_noise needs
    channels_last: bool = True

    def models(self) -> dict[str, nn.Module]:
        size = {**self.sizes(), "width": self.width}
        return {
            "generator": CGANGenerator(**size, **self.latents()),
            "discriminator": CGANDiscriminator(**size, normalization=self.normalization),
        }

    def smoke(self) -> Self:
        return replace(super().smoke(), width=4)
