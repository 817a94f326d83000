"""AC-GAN (arXiv:1610.09585) as published for CIFAR-10: 100 latents, kernels of 5, a discriminator with dropout.

    hf-genimg train acgan_paper data=PICTURES

The paper tried learning rates of 1e-4 to 3e-4 and noise between the layers of up to 0.2; here they are 2e-4, and none.
Cost: not run here to the end; 50,000 updates are 5,000,000 images.
Reached: not run here to the end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.acgan_cifar import ACGANCIFARDiscriminator, ACGANCIFARGenerator
from .acgan import ACGAN


@dataclass(frozen=True, kw_only=True)
class ACGANPaper(ACGAN):
    """Image size 32, grey or colour; data with classes."""

    images: int = 5_000_000
    batch_size: int = 100
    ema_half_life: int = 0
    width: int = 96  # channels of the generator's largest feature map
    discriminator_width: int = 16  # of the discriminator's

    def models(self) -> dict[str, nn.Module]:
        sizes = self.sizes()
        generator = ACGANCIFARGenerator(**sizes, **self.latents(), width=self.width)
        auxiliary_outputs = sizes.pop("num_classes")
        return {
            "generator": generator,
            "discriminator": ACGANCIFARDiscriminator(
                **sizes, auxiliary_outputs=auxiliary_outputs, width=self.discriminator_width
            ),
        }

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=32, width=16, discriminator_width=2)
