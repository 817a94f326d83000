"""The VAE-GAN of the paper (arXiv:1512.09300, section 4.1) for faces of 64 pixels, with RMSProp.

    hf-genimg train vaegan_paper data=FACES flip=true

Without the margins of the authors' code.
Cost: not run here.
Reached: not run here; the paper shows pictures, and attributes that its samples agree with.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from ._vaegan import VAEGANBase


@dataclass(frozen=True, kw_only=True)
class VAEGANPaper(VAEGANBase):
    """Image sizes that are multiples of 8, grey or colour."""

    image_size: int = 64
    images: int = 4_000_000  # 250 times 250 batches
    batch_size: int = 64
    learning_rate: float = 3e-4
    ema_half_life: int = 0
    latent_dim: int = 128
    width: int = 64

    def optimizer(self, weights: list[nn.Parameter], learning_rate: float) -> torch.optim.Optimizer:
        return torch.optim.RMSprop(weights, learning_rate, alpha=0.9, weight_decay=1e-5)
