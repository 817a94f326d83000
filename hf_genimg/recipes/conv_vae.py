"""Convolutional VAE (arXiv:1312.6114): strided convolutions with batch norm; samples, encodes and reconstructs.

    hf-genimg train conv_vae

Cost: TODO
Reached: TODO
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.conv_vae import ConvVAE
from ._images import VariationalRecipe


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
