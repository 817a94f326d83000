"""Conditional GAN (arXiv:1411.1784) with fully connected networks, as in the paper; quick, and a baseline.

    hf-genimg train cgan_mlp

Cost: not measured yet.
Reached: not measured yet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.cgan import CGANMLPDiscriminator, CGANMLPGenerator
from ._conditional import ConditionalRecipe


@dataclass(frozen=True, kw_only=True)
class CGANMLP(ConditionalRecipe):
    """Any image size, grey or colour; data with classes."""

    images: int = 600_000
    generator_width: int = 128  # of the first hidden layer
    discriminator_width: int = 512  # of the first hidden layer

    def models(self) -> dict[str, nn.Module]:
        return {
            "generator": CGANMLPGenerator(**self.sizes(), **self.latents(), width=self.generator_width),
            "discriminator": CGANMLPDiscriminator(**self.sizes(), width=self.discriminator_width),
        }

    def smoke(self) -> Self:
        return replace(super().smoke(), generator_width=8, discriminator_width=16)
