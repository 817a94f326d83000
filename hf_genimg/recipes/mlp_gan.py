"""MLP GAN (arXiv:1406.2661): fully connected networks, in the form that became usual (batch norm, leaky ReLU, Adam).

The usual form updates the generator first in each step; here the discriminator is first, as in every recipe of this
package.

    hf-genimg train mlp_gan

Cost: 146 s for 600,000 images on two otherwise idle x86-64 cores (4,400 images/s), measured with an earlier version.
Reached: all ten digits, each 7 to 13 percent of 1,000 samples; a classifier has a probability above 0.8 for 95.8
percent of them, as many as of the held-out digits (benchmarks/readable_digits.py). FID 1.53 by the extractor `digits`,
1,500 samples against as many digits, with an interval of 0.27 to 1.73. This is the run that `hf-genimg quickstart`
makes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.mlp_gan import MLPGANDiscriminator, MLPGANGenerator
from ._private_gan import PrivateAdversarialRecipe


@dataclass(frozen=True, kw_only=True)
class MLPGAN(PrivateAdversarialRecipe):
    """Fully connected networks: any image size, quick, and a baseline that every convolution should beat."""

    images: int = 600_000
    generator_width: int = 128  # of the first hidden layer
    discriminator_width: int = 512  # of the first hidden layer

    def models(self) -> dict[str, nn.Module]:
        size = {"image_size": self.image_size, "image_channels": self.image_channels}
        latents = {"latent_dim": self.latent_dim, "latent_distribution": self.latent_distribution}
        return {
            "generator": MLPGANGenerator(**size, **latents, width=self.generator_width),
            "discriminator": MLPGANDiscriminator(
                **size, width=self.discriminator_width, minibatch_std=self.minibatch_std
            ),
        }

    def smoke(self) -> Self:
        return replace(super().smoke(), generator_width=8, discriminator_width=16)
