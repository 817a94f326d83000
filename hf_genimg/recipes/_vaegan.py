"""What the recipes of VAE-GANs share: networks, the three players and their optimizers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import nn

from ..losses.adversarial import gan_loss
from ..models.vaegan import VAEGAN, VAEGANDiscriminator
from ..objectives.vaegan import LearnedSimilarity
from ._variational import AutoencoderRecipe


@dataclass(frozen=True, kw_only=True)
class VAEGANBase(AutoencoderRecipe):
    """A variational autoencoder against a discriminator, in whose features it is compared."""

    loss: str = "non_saturating"  # saturating, least_squares or hinge
    feature_weight: float = 1e-6  # of the error in features beside the GAN loss, for the decoder
    kl_weight: float = 1.0  # of the KL divergence beside the error in features, for the encoder
    discriminator_learning_rate: float | None = None  # none: learning_rate

    def check(self) -> None:
        super().check()
        rate = self.discriminator_learning_rate
        self._require("discriminator_learning_rate", rate is None or rate > 0, "must be above 0, or none")
        self._require("loss", not gan_loss(self.loss).paired, "compares pairs, which samples of the prior are not in")

    def models(self) -> dict[str, nn.Module]:
        size = {"image_size": self.image_size, "image_channels": self.image_channels, "width": self.width}
        return {"autoencoder": VAEGAN(**size, latent_dim=self.latent_dim), "discriminator": VAEGANDiscriminator(**size)}

    def objective(self) -> LearnedSimilarity:
        return LearnedSimilarity(gan_loss(self.loss), self.feature_weight, self.kl_weight)

    def optimizer(self, weights: list[nn.Parameter], learning_rate: float) -> torch.optim.Optimizer:
        """Of one player."""
        betas = (self.adam_beta1, self.adam_beta2)
        return torch.optim.Adam(weights, learning_rate, betas, fused=self.fused_optimizer)

    def optimizers(self, models: Mapping[str, nn.Module]) -> dict[str, torch.optim.Optimizer]:
        named = list(models["autoencoder"].named_parameters())
        decoder = [weight for name, weight in named if name.startswith("decoder.")]
        encoder = [weight for name, weight in named if not name.startswith("decoder.")]
        return {
            "encoder": self.optimizer(encoder, self.learning_rate),
            "decoder": self.optimizer(decoder, self.learning_rate),
            "discriminator": self.optimizer(
                list(models["discriminator"].parameters()), self.discriminator_learning_rate or self.learning_rate
            ),
        }

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=16, width=4)
