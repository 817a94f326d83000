"""SRResNet without batch norm (arXiv:1609.04802): enlarges images, trained by L1 on pictures and their bicubic halves.

    hf-genimg train srresnet
    hf-genimg train srresnet data=PHOTOS image_size=64 random_crop=true scale=2 batch_size=8 mixed_precision=bf16

Published setting: scale=4 image_size=96 random_crop=true batch_size=16 width=64 blocks=16 tail=convolutions
shortcut=bilinear learning_rate=1e-4 schedule=constant images=16000000.

Cost: 19 minutes with a fifth of one x86-64 core for the first 14,352 images of the second command with images=60000
channels_last=true ema_half_life=3000 on 230 photographs of 256 pixels a side.
Reached: then 37.11 dB on Set5 and 32.68 on Set14, where bicubic enlargement has 33.68 and 30.24 (luma, 2 pixels
cropped; VDSR 37.53 and 33.03). 1,600 images more at learning_rate=4e-4: 37.12 and 32.69. At scale 4, from init= these
weights, with images=6400 image_size=96 learning_rate=8e-4 warmup_images=200 ema_half_life=400 in 6 minutes: 30.93 and
27.78, bicubic 28.43 and 26.00.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.srresnet import MSRResNetGenerator
from ._regression import RegressionRecipe


@dataclass(frozen=True, kw_only=True)
class SRResNet(RegressionRecipe):
    """Inputs are the images, made smaller as MATLAB's imresize does, unless `inputs` says otherwise."""

    scale: int = 2  # how many times larger the images are than the inputs: 2, 3 or 4
    width: int = 48  # channels of the feature maps; 64 in the paper
    blocks: int = 8  # residual blocks; 16 in the paper
    tail: str = "subpixel"  # or convolutions, at each doubling and at the full size, as in the paper
    shortcut: str = "bicubic"  # how the input that is added is enlarged: bilinear, bicubic or none
    images: int = 2_000
    batch_size: int = 16
    sample_images: int = 1_000
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    final_learning_rate: float = 1e-6
    warmup_images: int = 160
    ema_half_life: int = 200

    @property
    def inputs_used(self) -> str | None:
        return self.inputs or f"downscale:{self.scale}"

    def models(self) -> dict[str, nn.Module]:
        size = {"image_size": self.image_size, **self.channels(), "width": self.width, "blocks": self.blocks}
        return {"generator": MSRResNetGenerator(**size, scale=self.scale, tail=self.tail, shortcut=self.shortcut)}

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=16, width=4, blocks=1, warmup_images=0)
