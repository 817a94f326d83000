"""MLP VAE (arXiv:1312.6114): 400 hidden units, 20 latents, grey levels as probabilities; samples, encodes and reconstructs.

    hf-genimg train mlp_vae data=MNIST

Cost: 28 s for 600,000 images, ten epochs of MNIST, on two x86-64 cores (27,000 images/s).
Reached: a negative evidence lower bound of 105.44 nats per image on MNIST's 10,000 test images (the run's last line says it). The usual
learning rate of 1e-3 reaches 106.25 in as many images; 2e-3 is the default here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from torch import nn

from ..models.mlp_vae import MLPVAE
from ..objectives.variational import Variational
from ..pipelines.reconstruction import ImageReconstructionPipeline
from ._images import ImageRecipe


@dataclass(frozen=True, kw_only=True)
class MLPVAERecipe(ImageRecipe):
    """An autoencoder whose latents are a standard normal: it samples, encodes and reconstructs."""

    images: int = 600_000
    batch_size: int = 128
    learning_rate: float = 2e-3
    latent_dim: int = 20
    width: int = 400  # of both hidden layers
    likelihood: str = "bernoulli"  # or gaussian
    beta: float = 1.0  # weight of the KL divergence; above 1: beta-VAE
    sigma: float = 1.0  # standard deviation of a pixel, on [-1, 1], when the likelihood is gaussian

    published: ClassVar[tuple[str, ...]] = ("autoencoder",)

    def models(self) -> dict[str, nn.Module]:
        size = {"image_size": self.image_size, "image_channels": self.image_channels}
        return {"autoencoder": MLPVAE(**size, latent_dim=self.latent_dim, width=self.width)}

    def objective(self) -> Variational:
        return Variational(self.likelihood, self.beta, self.sigma)

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        return ImageReconstructionPipeline(autoencoder=networks["autoencoder"])

    def smoke(self) -> Self:
        return replace(super().smoke(), latent_dim=4, width=16)
