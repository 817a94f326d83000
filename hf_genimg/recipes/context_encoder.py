"""Context encoder (arXiv:1604.07379): fills in the centre of pictures, by their distance and a GAN loss.

    hf-genimg train context_encoder
    hf-genimg train context_encoder data=FACES image_size=64

Published setting: image_size=128 width=64 bottleneck=4000 batch_size=64. The hole is grey here, not of the mean colour
of ImageNet.

Cost: 7 s of CPU time for 944 images of digits at 32 pixels on one x86-64 core; 3.5 minutes for 100,000 faces at 64.
Reached: after these, 11.8 dB in holes of 12x12 pixels of the 297 digits held out, where grey has 9.1, fillings blurred.
Faces (CelebA; width=32 bottleneck=512 batch_size=32 adversarial_weight=0 border_weight=1 schedule=cosine flip=true):
21.1 dB in holes of 24x24 pixels, biharmonic filling 15.5; noses and eyes are in place, and soft. With init= of that,
adversarial_weight=0.005 and generator_learning_rate=5e-4, 60,000 faces (4 minutes): 20.1 dB, sharp, with flaws in some.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..losses.adversarial import gan_loss
from ..models.context_encoder import ContextEncoderDiscriminator, ContextEncoderGenerator
from ..objectives.inpainting import ContextEncoding
from ._inpainting import InpaintingRecipe


@dataclass(frozen=True, kw_only=True)
class ContextEncoder(InpaintingRecipe):
    """Image sizes 16, 32, 64 and 128."""

    inputs: str | None = "mask:middle"  # leaves a known border in the centre; or mask:centre, all of it
    image_size: int = 32
    width: int = 16  # channels of the largest feature maps; 64 in the paper
    bottleneck: int = 100  # numbers that an image becomes; 4000 in the paper
    loss: str = "non_saturating"  # saturating, least_squares, hinge, wasserstein or relativistic
    adversarial_weight: float = 0.001  # share of the GAN loss, the distance has the rest; 0: no discriminator
    border_weight: float = 10.0  # of the distance in known pixels of the centre
    generator_learning_rate: float | None = 2e-3  # ten times the discriminator's, as in the authors' code

    def models(self) -> dict[str, nn.Module]:
        channels = self.channels()["image_channels"]
        shared = {"image_channels": channels, "width": self.width}
        return {
            "generator": ContextEncoderGenerator(
                self.image_size, **shared, input_channels=channels, bottleneck=self.bottleneck
            ),
            "discriminator": ContextEncoderDiscriminator(self.image_size // 2, **shared),
        }

    def objective(self) -> ContextEncoding:
        return ContextEncoding(gan_loss(self.loss), self.adversarial_weight, self.border_weight)

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=16, width=4, bottleneck=8)
