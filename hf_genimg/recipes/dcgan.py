"""DCGAN (arXiv:1511.06434): convolutions, batch norm, and the settings that made GANs train.

    hf-genimg train dcgan
    hf-genimg train dcgan data=MNIST image_size=28 images=400000

Cost: 171 s for 240,000 images of digits at 32 pixels on two x86-64 cores (1,450 images/s); 150 s for 400,000 of MNIST
(2,700 images/s).
Reached: all ten digits in both, each 8 to 13 percent (MNIST: 5 to 15 percent) of 1,000 samples; a classifier is sure of
87 percent (90 percent) of them (a probability above 0.8), and 95 percent (97 percent) of the held-out images
(benchmarks/readable_digits.py). Of 10,000 faces (CelebA, image_size=64 width=64 flip=true mixed_precision=bf16), most
samples are recognisable after 175,000 images, at 65 images/s on one core.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.dcgan import DCGANDiscriminator, DCGANGenerator
from ._private_gan import PrivateAdversarialRecipe


@dataclass(frozen=True, kw_only=True)
class DCGAN(PrivateAdversarialRecipe):
    """Image sizes 16, 28, 32, 64, 128 and 256, grey or colour."""

    image_size: int = 32
    images: int = 240_000
    width: int = 32  # channels of the largest feature map; the paper's networks have 64 (128 for its widest)
    normalization: str = "batch"  # of the discriminator; or group, as dp_noise needs
    channels_last: bool = True

    def models(self) -> dict[str, nn.Module]:
        size = {"image_size": self.image_size, "image_channels": self.image_channels, "width": self.width}
        return {
            "generator": DCGANGenerator(
                **size, latent_dim=self.latent_dim, latent_distribution=self.latent_distribution
            ),
            "discriminator": DCGANDiscriminator(
                **size, minibatch_std=self.minibatch_std, normalization=self.normalization
            ),
        }

    def smoke(self) -> Self:
        return replace(super().smoke(), width=4)
