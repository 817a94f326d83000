"""AOD-Net (arXiv:1707.06543): removes haze with 1,761 weights, trained on pictures and the same with synthetic haze.

    hf-genimg train aod_net
    hf-genimg train aod_net data=PHOTOS image_size=64 random_crop=true

Published setting: image_size=480 batch_size=8, 40 epochs of 27,256 pictures, stochastic gradient descent with momentum
0.9, a learning rate of 1e-3 and a weight decay of 1e-4. Haze: I = J t + A (1 - t), t = exp(-beta d), with depths of the
NYU2 set in the paper, and of a smooth random field here.

Cost: 40 s of CPU time for 20,000 images of digits at 32 pixels on one x86-64 core.
Reached: from the 297 held-out digits in haze, 12.1 dB, 23.1 dB: strokes are clean, traces of haze stay at their edges.
Photographs (16,000 crops of 64 pixels, learning_rate=2e-3, 84 s of CPU time): from 16.1 dB to 20.8 dB on 48 held out;
contrast returns, a tint of the haze partly stays. Whole pictures of CBSD68: from 16.2 dB to 20.3 dB, where the dark
channel prior has 19.8 dB (benchmarks/restoration.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.aod_net import AODNetGenerator
from ._regression import RegressionRecipe


@dataclass(frozen=True, kw_only=True)
class AODNet(RegressionRecipe):
    """Inputs and targets of one size and as many channels."""

    inputs: str | None = "haze"
    loss: str = "l2"
    turn: bool = False  # haze grows towards the top
    width: int = 3  # channels of the feature maps
    image_size: int = 32
    images: int = 20_000
    batch_size: int = 8
    sample_images: int = 10_000
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    weight_decay: float = 1e-4
    max_grad_norm: float | None = 0.1
    ema_half_life: int = 500

    def models(self) -> dict[str, nn.Module]:
        return {"generator": AODNetGenerator(self.image_size, **self.channels(), width=self.width)}

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=16)
