"""SAGAN (arXiv:1805.08318) as published for CIFAR-10: width 256 and 128, one learning rate, n_critic=5.

    hf-genimg train sagan_paper data=PICTURES flip=true

Published (StudioGAN 0.4): FID 10.35. The paper's own two learning rates, 1e-4 and 4e-4 with one step each, are for
ImageNet.
Cost: not run here; 100,000 generator updates are 32,000,000 images, days on a CPU.
Reached: not run here.
"""

from __future__ import annotations

from dataclasses import dataclass

from .sagan import SAGAN


@dataclass(frozen=True, kw_only=True)
class SAGANPaper(SAGAN):
    """Needs a GPU."""

    images: int = 32_000_000
    batch_size: int = 64
    diff_augment: str | None = None
    latent_dim: int = 128
    learning_rate: float = 2e-4
    discriminator_learning_rate: float | None = None
    ema_half_life: int = 0
    adam_beta1: float = 0.5
    adam_beta2: float = 0.999
    n_critic: int = 5
    width: int = 64
