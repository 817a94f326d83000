"""BigGAN-deep (arXiv:1809.11096) as published for CIFAR-10: width 384 and 192, 80 latents, n_critic=5.

    hf-genimg train biggan_deep_paper data=PICTURES flip=true

Published (StudioGAN's training log, 10,000 images): FID 11.50, the best of the run.
Cost: not run here; 100,000 generator updates are 32,000,000 images, days on a CPU.
Reached: not run here.
"""

from __future__ import annotations

from dataclasses import dataclass

from .biggan_deep import BigGANDeep


@dataclass(frozen=True, kw_only=True)
class BigGANDeepPaper(BigGANDeep):
    """Needs a GPU."""

    orthogonal: float = 0.0
    images: int = 32_000_000
    batch_size: int = 64
    learning_rate: float = 2e-4
    discriminator_learning_rate: float | None = None
    latent_dim: int = 80
    adam_beta1: float = 0.5
    ema_half_life: int = 2_218_000  # a decay of 0.9999 for each update of the generator, 320 images
    channels_last: bool = False
    n_critic: int = 5
    class_dim: int = 128
    width: int = 96
    discriminator_width: int = 48
