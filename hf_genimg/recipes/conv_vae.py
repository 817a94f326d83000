"""Convolutional VAE (arXiv:1312.6114): strided convolutions with batch norm; samples, encodes and reconstructs.

    hf-genimg train conv_vae
    hf-genimg train conv_vae data=MNIST images=300000

Cost: 107 s for 200,000 images of digits on two x86-64 cores, and 213 s for 300,000 of MNIST with other work on the same
cores.
Reached: a negative evidence lower bound of 99.49 nats per image on MNIST's 10,000 test images after five epochs; on
digits a classifier has a probability above 0.8 for 89 percent of 1,000 samples, and 95 percent of the held-out images
(benchmarks/readable_digits.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.conv_vae import ConvVAE
from ._variational import VariationalRecipe


@dataclass(frozen=True, kw_only=True)
class ConvVAERecipe(VariationalRecipe):
    """Image sizes 28, 32, 64 and 128, grey or colour."""

    images: int = 200_000
    learning_rate: float = 1e-3
    latent_dim: int = 16
    width: int = 32  # channels of the encoder's first map; 128 is the usual width for MNIST
    channels_last: bool = True

    def models(self) -> dict[str, nn.Module]:
        size = {"image_size": self.image_size, "image_channels": self.image_channels}
        return {"autoencoder": ConvVAE(**size, latent_dim=self.latent_dim, width=self.width)}

    def smoke(self) -> Self:
        return replace(super().smoke(), width=4)
