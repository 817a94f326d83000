"""FastGAN (arXiv:2101.04775) as published for 256 pixels: full blocks with noise, width 64, batches of 8.

    hf-genimg train fastgan_paper data=PICTURES flip=true

The published perceptual distance is LPIPS of VGG; here it is that of EfficientNet-Lite0. Published for 256 pixels and
50,000 updates: FID 41.05 on 100 faces (Obama), 10.03 on 100 pandas.
Cost: not run here; 400,000 images are hours on a GPU.
Reached: not run here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from .fastgan import FastGAN


@dataclass(frozen=True, kw_only=True)
class FastGANPaper(FastGAN):
    """Needs a GPU, and the extra `features`."""

    features: str | None = "efficientnet-lite0"
    image_size: int = 256
    images: int = 400_000
    batch_size: int = 8
    learning_rate: float = 2e-4
    ema_half_life: int = 5_500  # a decay of 0.999 for each update
    mixed_precision: str = "no"
    latent_dim: int = 256
    width: int = 64
    lite: bool = False

    def smoke(self) -> Self:
        return replace(super().smoke(), features=None)
