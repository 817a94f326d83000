"""R3GAN (arXiv:2501.05441) as published for CIFAR-10: width 768, ten classes, augmentation, a long burn-in.

    hf-genimg train r3gan_paper data=PICTURES

In the burn-in of 20 million images the learning rate, the penalties, Adam's second decay and the probability of
augmentation go from their first values to their last by a cosine schedule. Unlike there, the half-life of the average
is at first 5 percent of the images seen, and geometry samples bilinearly.
Published: FID 1.96, after 4 days of 8 L40.
Cost: not run here; 250 million images are years on a CPU.
Reached: not run here.
"""

from __future__ import annotations

from dataclasses import dataclass

from .r3gan import R3GAN


@dataclass(frozen=True, kw_only=True)
class R3GANPaper(R3GAN):
    """Needs a GPU."""

    conditional: bool = True
    image_size: int = 32
    images: int = 250_000_000
    batch_size: int = 512
    learning_rate: float = 2e-4
    schedule: str = "cosine"
    schedule_images: int | None = 20_000_000
    final_learning_rate: float = 5e-5
    burn_in_images: int = 20_000_000
    r1: float = 0.05
    r2: float = 0.05
    penalty_every: int = 1
    penalty_decay: float = 0.1
    adam_beta2: float = 0.9
    final_adam_beta2: float | None = 0.99
    augment: str | None = "blit,geometry,color:0.5,cutout"
    augment_probability: float = 0.55
    ema_half_life: int = 5_000_000
    width: int = 768
    widest: int = 32
