"""Gated convolutions (arXiv:1806.03589): fill in free-form strokes and boxes, against a discriminator of patches.

    hf-genimg train gated_inpainting
    hf-genimg train gated_inpainting data=FACES image_size=64 inputs=mask:strokes refine=true

Published setting: image_size=256 width=48 discriminator_width=64 refine=true batch_size=16
inputs=mask:boxes+mask:strokes learning_rate=1e-4
generator_learning_rate=1e-4 adversarial_weight=1.

Cost: 21 s of CPU time for images=2400 of digits at 32 pixels on one x86-64 core; 4 minutes for 18,000 faces at 64.
Reached: after these, 17.2 dB in boxes of the 297 digits held out, where grey has 8.0: strokes go on through most
boxes; large ones keep grey patches, and edges of boxes are seen. Faces (CelebA; inputs=mask:boxes+mask:strokes width=24
batch_size=8 mixed_precision=bf16 schedule=linear adversarial_weight=0): 17.9 dB in holes of 24x24 pixels, biharmonic
filling 15.5; with init= of that and adversarial_weight=0.01, 6,000 faces: 18.2 dB, and a perceptual distance of 0.097
instead of 0.112 (0.121). Strokes are hard to find; in large holes eyes are a dark band (benchmarks/inpainting.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..losses.adversarial import gan_loss
from ..models.gated_inpainting import GatedInpaintingDiscriminator, GatedInpaintingGenerator
from ..objectives.inpainting import GatedInpainting
from ._inpainting import InpaintingRecipe


@dataclass(frozen=True, kw_only=True)
class GatedInpaintingRecipe(InpaintingRecipe):
    """Sizes are multiples of 8."""

    inputs: str | None = "mask:boxes"  # or mask:strokes, mask:centre, mask:middle, joined with +
    image_size: int = 32
    width: int = 16  # channels of the first convolution, half of which are gates; 48 in the paper
    discriminator_width: int = 16  # channels of its first feature maps; 64 in the paper
    refine: bool = False  # with a second network whose contextual attention copies known patches, as in the paper
    l1_weight: float = 1.0  # of the distance of each stage to the whole image
    adversarial_weight: float = 0.01  # of the generator's GAN loss; 1 in the paper; 0: no discriminator
    generator_learning_rate: float | None = 1e-3  # 1e-4 in the paper

    def models(self) -> dict[str, nn.Module]:
        size = {"image_size": self.image_size, "image_channels": self.channels()["image_channels"]}
        return {
            "generator": GatedInpaintingGenerator(
                **size, input_channels=size["image_channels"], width=self.width, refine=self.refine
            ),
            "discriminator": GatedInpaintingDiscriminator(**size, width=self.discriminator_width),
        }

    def objective(self) -> GatedInpainting:
        return GatedInpainting(gan_loss(self.loss), self.l1_weight, self.adversarial_weight)

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=16, width=4, discriminator_width=2, refine=True)
