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

    width: int = 400  # hidden units of a layer
    depth: int = 1  # hidden layers of the encoder, and of the decoder
    activation: str = "relu"  # or tanh

    def models(self) -> dict[str, nn.Module]:
        names = ("image_size", "image_channels", "latent_dim", "width", "depth", "activation")
        return {"autoencoder": MLPVAE(**{name: getattr(self, name) for name in names})}
