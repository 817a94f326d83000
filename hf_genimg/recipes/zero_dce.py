"""Zero-DCE (arXiv:2001.06826): brightens dark pictures, trained without references.

    hf-genimg train zero_dce
    hf-genimg train zero_dce data=PHOTOS image_size=64 random_crop=true exposure=0.5

Published setting: image_size=256 width=32 exposure=0.6 learning_rate=1e-4 batch_size=8, 200 epochs of 2,422 pictures.
The targets are used to measure only.

Cost: 12 s of CPU time for images=2000 of digits at 32 pixels on one x86-64 core.
Reached: after these, from dark digits, 15.5 dB, 17.4 dB on the 297 held out: thin strokes are as wide and bright as
they were and brighter, and so is the noise. Photographs were not trained on yet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.zero_dce import ZeroDCEGenerator
from ..objectives.exposure import ZeroReference
from ._regression import SingleNetworkRecipe


@dataclass(frozen=True, kw_only=True)
class ZeroDCE(SingleNetworkRecipe):
    """Inputs are made dark, or are dark pictures beside others."""

    inputs: str | None = "dark"
    exposure: float = 0.3  # mean that patches are brought to, from 0 to 1; 0.6 in the paper, for photographs
    smoothness_weight: float = 200.0  # of the curves
    width: int = 16  # channels of the feature maps; 32 in the paper
    image_size: int = 32
    images: int = 5_000
    batch_size: int = 8
    sample_images: int = 2_500
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    max_grad_norm: float | None = 0.1
    ema_half_life: int = 300

    def check(self) -> None:
        super().check()
        self._require("exposure", 0 < self.exposure < 1, "must be above 0 and below 1")

    def models(self) -> dict[str, nn.Module]:
        return {"generator": ZeroDCEGenerator(self.image_size, **self.channels(), width=self.width)}

    def objective(self) -> ZeroReference:
        return ZeroReference(self.exposure, smoothness_weight=self.smoothness_weight)

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=16, width=4)
