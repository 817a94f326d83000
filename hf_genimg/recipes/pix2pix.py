"""pix2pix (arXiv:1611.07004): a U-Net translates images, trained on pairs with L1 and a patch discriminator.

    hf-genimg train pix2pix
    hf-genimg train pix2pix data=FACADES inputs=labels targets=photo image_size=64

Cost: 103 s for 40,000 images of digits at 32 pixels on one x86-64 core (410 images/s).
Reached: from digits that were blurred (each 4x4 pixels to their mean and back), a mean absolute distance on [-1, 1] of
0.021 to the 297 held-out originals, where the blurred ones have 0.135 (the run's last line says both); strokes are
sharp and all digits look right. Facades (width=32 batch_size=4 norm=instance shift=8 flip=true schedule=linear
images=60000 ema_half_life=2000 mixed_precision=bf16 with the second command): 27 minutes of CPU time on one core.
Labels that were held out become fronts one recognises, windows and ledges where the labels have them, ragged at the
edges and alike in colour: l1 0.343, where the labels themselves have 0.772.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.pix2pix import Pix2PixDiscriminator, Pix2PixGenerator
from ._translation import TranslationRecipe


@dataclass(frozen=True, kw_only=True)
class Pix2Pix(TranslationRecipe):
    """Image sizes 16, 32, 64, 128, 256 and 512; inputs and targets each grey or colour."""

    image_size: int = 32
    images: int = 40_000
    batch_size: int = 16
    sample_images: int = 20_000
    width: int = 16  # channels of the largest feature maps; the paper's networks have 64
    norm: str = "batch"  # or instance: each image by its own statistics, as batch norm has them where batch_size is 1
    stages: int | None = None  # of the discriminator: 1, 2 or 3 for patches of 16, 34 or 70 pixels; none: fits

    def models(self) -> dict[str, nn.Module]:
        size = {"image_size": self.image_size, **self.channels(), "width": self.width, "norm": self.norm}
        return {
            "generator": Pix2PixGenerator(**size),
            "discriminator": Pix2PixDiscriminator(**size, stages=self.stages),
        }

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=64, width=4)  # the smallest size with dropout
