"""VAE-GAN (arXiv:1512.09300): a variational autoencoder whose error is taken in the features of a discriminator.

    hf-genimg train vaegan
    hf-genimg train vaegan data=FACES image_size=64 width=32 latent_dim=64 flip=true

Cost: 154 images for a second of CPU time.
Reached: far too short to be good: a mean squared error of 0.75 on held-out digits after 1,280 images of digits.
"""

from __future__ import annotations

from dataclasses import dataclass

from ._vaegan import VAEGANBase


@dataclass(frozen=True, kw_only=True)
class VAEGANRecipe(VAEGANBase):
    """Image sizes that are multiples of 8, grey or colour."""

    image_size: int = 32
    images: int = 100_000
    batch_size: int = 64
    learning_rate: float = 5e-4
    adam_beta1: float = 0.5
    feature_weight: float = 1e-3  # the paper's 1e-6 is for features that are 64 times as many
    channels_last: bool = True
    latent_dim: int = 16
    width: int = 16  # channels of the encoder's first map; 64 in the paper
