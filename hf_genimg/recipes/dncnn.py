"""DnCNN (arXiv:1608.03981): removes noise, trained on pictures and the same with Gaussian noise.

    hf-genimg train dncnn
    hf-genimg train dncnn data=PHOTOS image_size=40 random_crop=true depth=20 width=64 batch_size=64 turn=true

Published setting, of the authors' later code: the second command with learning_rate=1e-4 and schedule=constant.

Cost: 16 s of CPU time for 2,064 images of digits at 28 pixels on one x86-64 core.
Reached: after these, from digits with noise of 25 levels, 22.1 dB, 31.0 dB on the 297 held out; strokes are clean and
all digits look right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.dncnn import DnCNNGenerator
from ._regression import RegressionRecipe


@dataclass(frozen=True, kw_only=True)
class DnCNN(RegressionRecipe):
    """Inputs and targets of one size and as many channels."""

    inputs: str | None = "noise:25"
    width: int = 32  # channels of the feature maps; 64 in the paper
    depth: int = 9  # convolutions; 17 in the paper, 20 for colour
    norm: str = "batch"  # or none
    images: int = 3_000
    batch_size: int = 16
    sample_images: int = 1_500
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    ema_half_life: int = 200
    turn: bool = False  # a digit is not the same upside down

    def models(self) -> dict[str, nn.Module]:
        size = {"image_size": self.image_size, **self.channels(), "width": self.width}
        return {"generator": DnCNNGenerator(**size, depth=self.depth, norm=self.norm)}

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=16, width=4, depth=3)
