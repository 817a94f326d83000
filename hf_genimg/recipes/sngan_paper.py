"""SNGAN (arXiv:1802.05957) as published for 32 pixels: width 256 and 128, n_critic=5, linear decay.

    hf-genimg train sngan_paper data=PICTURES

The paper gives the generator batches of 128; here both players have 64. Published for CIFAR-10 (torch-mimicry): FID
16.77.
Cost: not run here; 100,000 generator updates are 32,000,000 images, days on a CPU.
Reached: not run here.
"""

from __future__ import annotations

from dataclasses import dataclass

from .sngan import SNGAN


@dataclass(frozen=True, kw_only=True)
class SNGANPaper(SNGAN):
    """Needs a GPU."""

    images: int = 32_000_000
    batch_size: int = 64
    learning_rate: float = 2e-4
    discriminator_learning_rate: float | None = None
    latent_dim: int = 128
    schedule: str = "linear"
    ema_half_life: int = 0
    n_critic: int = 5
    width: int = 64
