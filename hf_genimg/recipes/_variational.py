"""What the recipes of variational autoencoders share: likelihood, weight of the KL divergence, pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from torch import nn

from ..objectives.variational import Variational
from ..pipelines.reconstruction import ImageReconstructionPipeline
from ._images import ImageRecipe


@dataclass(frozen=True, kw_only=True)
class VariationalRecipe(ImageRecipe):
    """An autoencoder whose latents are a standard normal: it samples, encodes and reconstructs."""

    images: int = 600_000
    batch_size: int = 128
    learning_rate: float = 2e-3
    latent_dim: int = 20
    likelihood: str = "bernoulli"  # or gaussian
    beta: float = 1.0  # weight of the KL divergence; above 1: beta-VAE
    sigma: float = 1.0  # standard deviation of a pixel, on [-1, 1], when the likelihood is gaussian

    published: ClassVar[tuple[str, ...]] = ("autoencoder",)

    def objective(self) -> Variational:
        return Variational(self.likelihood, self.beta, self.sigma)

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        return ImageReconstructionPipeline(autoencoder=networks["autoencoder"])

    def smoke(self) -> Self:
        return replace(super().smoke(), latent_dim=4, width=16)
