"""ESRGAN (arXiv:1809.00219): dense residual blocks, a perceptual distance and a relativistic GAN loss.

    hf-genimg train esrgan
    hf-genimg train esrgan data=PHOTOS image_size=128 random_crop=true scale=4 inputs=realesrgan:4

Published setting: scale=4 width=64 growth=32 blocks=23 discriminator_width=64 features=vgg19 l1_weight=0.01
adversarial_weight=0.005 learning_rate=1e-4 batch_size=16, from a network trained with perceptual_weight=0
adversarial_weight=0. The paper compares each image with the mean of the batch; here fakes and real images are compared
pair by pair. With inputs=realesrgan:4 it learns from the degradations of Real-ESRGAN (arXiv:2107.10833).

Cost: 22 s of CPU time for images=1200 of digits at 32 pixels on one x86-64 core.
Reached: after these, 26.2 dB on the 297 digits held out, at scale 2, a little blurred still: unlike SRResNet it adds
nothing to an enlarged input, so it begins far from it. No photographs were trained on yet.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from ..models.esrgan import ESRGANGenerator
from ._sharp import PerceptualRecipe


@dataclass(frozen=True, kw_only=True)
class ESRGAN(PerceptualRecipe):
    """Sizes are multiples of 16; scale is 2 or 4."""

    width: int = 32  # channels of the feature maps; 64 in the paper
    growth: int = 16  # channels that each dense convolution adds; 32 in the paper
    blocks: int = 2  # residual blocks; 23 in the paper
    images: int = 4_000
    learning_rate: float = 1e-3  # 1e-4 in the paper
    loss: str = "relativistic"  # non_saturating, saturating, least_squares, hinge or wasserstein

    def models(self) -> dict[str, nn.Module]:
        size = {"image_size": self.image_size, **self.channels(), "width": self.width}
        generator = ESRGANGenerator(**size, growth=self.growth, blocks=self.blocks, scale=self.scale)
        return {"generator": generator, "discriminator": self.discriminator()}
