"""MLP VAE (arXiv:1312.6114): 400 hidden units, 20 latents, Bernoulli likelihood; samples, encodes, reconstructs.

    hf-genimg train mlp_vae data=MNIST

Cost: 28 s for 600,000 images, ten epochs of MNIST, on two x86-64 cores (27,000 images/s).
Reached: a negative evidence lower bound of 105.44 nats per image on MNIST's 10,000 test images (the run's last line
says it). The usual learning rate of 1e-3 reaches 106.25 in as many images; 2e-3 is the default here.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from ..models.mlp_vae import MLPVAE
from ._privacy import PrivateRecipe
from ._variational import VariationalRecipe


@dataclass(frozen=True, kw_only=True)
class MLPVAERecipe(VariationalRecipe, PrivateRecipe):
    """Any image size, grey or colour."""

    width: int = 400  # of both hidden layers

    def models(self) -> dict[str, nn.Module]:
        size = {"image_size": self.image_size, "image_channels": self.image_channels}
        return {"autoencoder": MLPVAE(**size, latent_dim=self.latent_dim, width=self.width)}
