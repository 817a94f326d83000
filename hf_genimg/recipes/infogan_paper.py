"""InfoGAN (arXiv:1606.03657) as published for MNIST: fully connected layers of 1,024, 62 latents, ten classes and two codes.

    hf-genimg train infogan_paper data=MNIST

The paper does not say for how long; 640,000 images are the 5,000 updates of its authors' code. Published: 95 percent of the test images
fall into the found class that has most of their digit.
Cost: not measured yet.
Reached: not measured yet.
"""

from __future__ import annotations

from dataclasses import dataclass

from .infogan import InfoGAN


@dataclass(frozen=True, kw_only=True)
class InfoGANPaper(InfoGAN):
    """Image sizes 16, 28, 32, 64, 128 and 256, grey or colour; the paper's is 28."""

    images: int = 640_000
    batch_size: int = 128
    ema_half_life: int = 0
    width: int = 64
    hidden: int = 1024
