"""SRResNet without batch norm (arXiv:1609.04802): enlarges images, trained by L1 on pictures and their bicubic halves.

    hf-genimg train srresnet
    hf-genimg train srresnet data=PHOTOS image_size=64 random_crop=true scale=4

Cost: 0
Reached: 0
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
