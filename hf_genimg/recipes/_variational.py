"""What the recipes of autoencoders share: networks, likelihood, weight of the KL divergence, pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from torch import nn

from ..data import ImageDataset
from ..data.binarized import binarized
from ..models.conv_vae import ConvVAE
from ..objectives.variational import Variational
from ..pipelines.reconstruction import ImageReconstructionPipeline
from ._images import ImageRecipe


@dataclass(frozen=True, kw_only=True)
class AutoencoderRecipe(ImageRecipe):
    """An autoencoder with latents that can be sampled: it samples, encodes and reconstructs."""

    images: int = 600_000
    batch_size: int = 128
    learning_rate: float = 2e-3
    latent_dim: int = 20

    transparency: ClassVar[bool] = True
    published: ClassVar[tuple[str, ...]] = ("autoencoder",)

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        return ImageReconstructionPipeline(autoencoder=networks["autoencoder"], prior=networks.get("prior"))

    def smoke(self) -> Self:
        return replace(super().smoke(), latent_dim=4, width=16)


@dataclass(frozen=True, kw_only=True)
class VariationalRecipe(AutoencoderRecipe):
    """An autoencoder whose posterior is normal, and whose prior is the standard normal."""

    likelihood: str = "bernoulli"  # continuous_bernoulli, gaussian or discretized_logistic
    beta: float = 1.0  # weight of the KL divergence; above 1: beta-VAE
    sigma: float | None = 1.0  # deviation of a pixel, on [-1, 1], of gaussian and discretized_logistic; none: learned
    free_bits: float = 0.0  # the KL divergence of each latent counts at least so many nats
    kl_warmup_images: int = 0  # beta rises from 0 over so many images
    binarize: bool = False  # pixels are black or white, sampled anew each time with grey levels as probabilities

    def check(self) -> None:
        super().check()
        binary = self.likelihood == "bernoulli" and self.image_channels != 4
        self._require("binarize", binary or not self.binarize, "needs likelihood=bernoulli and at most 3 channels")

    def dataset(self, split: str | None = None) -> ImageDataset:
        dataset = super().dataset(split)
        return binarized(dataset) if self.binarize else dataset

    def objective(self) -> Variational:
        return Variational(**self.variational())

    def variational(self) -> dict[str, Any]:
        """The arguments of every variational objective."""
        names = ("likelihood", "beta", "sigma", "free_bits", "kl_warmup_images")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, kw_only=True)
class Convolutional(AutoencoderRecipe):
    """The autoencoder is convolutional: image sizes 28, 32, 64 and 128, grey or colour."""

    images: int = 100_000
    batch_size: int = 64
    learning_rate: float = 1e-3
    latent_dim: int = 16
    width: int = 16  # channels of the encoder's first map; 128 is the usual width for MNIST
    channels_last: bool = True

    deterministic: ClassVar[bool] = False  # whether the encoder has no variance

    def models(self) -> dict[str, nn.Module]:
        network = ConvVAE(**self.sizes(), latent_dim=self.latent_dim, deterministic=self.deterministic)
        return {"autoencoder": network}

    def sizes(self) -> dict[str, Any]:
        """What the network is built from, besides its latents."""
        return {"image_size": self.image_size, "image_channels": self.image_channels, "width": self.width}

    def smoke(self) -> Self:
        return replace(super().smoke(), width=4)
