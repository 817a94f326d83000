"""WGAN-GP (arXiv:1704.00028) as published for 32 pixels: n_critic=5, linear decay.

    hf-genimg train wgan_gp_paper data=PICTURES

Width 256 and 128 and batches of 64 for both players are torch-mimicry's (FID 22.29 on CIFAR-10); the paper's generator
has width 128 and batches of 128.
Cost: not run here; 100,000 generator updates are 32,000,000 images, days on a CPU.
Reached: not run here.
"""

from __future__ import annotations

from dataclasses import dataclass

from .wgan_gp import WGANGP


@dataclass(frozen=True, kw_only=True)
class WGANGPPaper(WGANGP):
    """Needs a GPU."""

    images: int = 32_000_000
    batch_size: int = 64
    learning_rate: float = 2e-4
    latent_dim: int = 128
    schedule: str = "linear"
    ema_half_life: int = 0
    n_critic: int = 5
    width: int = 64
