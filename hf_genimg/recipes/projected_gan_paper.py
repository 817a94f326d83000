"""Projected GAN (arXiv:2111.01007) with FastGAN's lite generator, as published for 256 pixels.

    hf-genimg train projected_gan_paper data=PICTURES

The published feature network is EfficientNet-Lite0 too, at 224 pixels. The published generator has no tanh. Published
for 256 pixels and fewer than 1,000 images: FID 26.4 on Pokémon (Projected GAN's code, its issue 66).
Cost: not run here; 10,000,000 images are days on a GPU.
Reached: not run here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from .projected_gan import ProjectedGAN


@dataclass(frozen=True, kw_only=True)
class ProjectedGANPaper(ProjectedGAN):
    """Needs a GPU, and the extra `features`."""

    features: str | None = "efficientnet-lite0"
    image_size: int = 256
    images: int = 10_000_000
    batch_size: int = 64
    learning_rate: float = 2e-4
    ema_half_life: int = 20_000  # batch_size * 10 / 32 thousand images
    mixed_precision: str = "no"
    latent_dim: int = 256
    width: int = 64
    head_width: int = 64
    mixing_channels: int = 64

    def smoke(self) -> Self:
        return replace(super().smoke(), features=None)
