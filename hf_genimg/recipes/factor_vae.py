"""FactorVAE (arXiv:1802.05983): a discriminator of the latents estimates their total correlation, which has a weight.

    hf-genimg train factor_vae

Cost: 9 s of CPU time for 5,056 images of digits, imports included.
Reached: far too short to be good: a negative evidence lower bound of 212.8 nats on the held-out digits after 5,056
images.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import nn

from ..models.factor_vae import FactorVAEDiscriminator
from ..objectives.factor_vae import Factor
from ._variational import Convolutional, VariationalRecipe


@dataclass(frozen=True, kw_only=True)
class FactorVAE(Convolutional, VariationalRecipe):
    """Image sizes 28, 32, 64 and 128, grey or colour."""

    latent_dim: int = 10
    tc_weight: float = 6.4  # gamma, of the total correlation: 6.4 on faces, 35 on dSprites in the paper
    discriminator_width: int = 256  # of its five hidden layers; 1000 in the paper
    discriminator_learning_rate: float = 1e-4

    def check(self) -> None:
        super().check()
        self._require("discriminator_learning_rate", self.discriminator_learning_rate > 0, "must be above 0")
        micro = self.micro_batch_size or self.batch_size
        self._require("batch_size", micro >= 4, "needs micro-batches of at least 4, of which a half is shuffled")

    def models(self) -> dict[str, nn.Module]:
        discriminator = FactorVAEDiscriminator(self.latent_dim, self.discriminator_width)
        return {**super().models(), "discriminator": discriminator}

    def objective(self) -> Factor:
        return Factor(self.tc_weight, **self.variational())

    def optimizers(self, models: Mapping[str, nn.Module]) -> dict[str, torch.optim.Optimizer]:
        optimizers = super().optimizers(models)
        optimizers["discriminator"].param_groups[0].update(lr=self.discriminator_learning_rate, betas=(0.5, 0.9))
        return optimizers

    def smoke(self) -> Self:
        return replace(super().smoke(), discriminator_width=8)
