"""Conditional GAN (arXiv:1411.1784) as published for MNIST: maxout and dropout, stochastic gradient descent with a decaying rate.

    hf-genimg train cgan_paper data=MNIST

The paper does not say when momentum has risen from 0.5 to 0.7; here it is after 250 epochs of MNIST, as in the code it was made with. Nor
does it say for how long it trained: 28,800,000 images are as long as the rate takes to its last value.
Cost: not measured yet.
Reached: not measured yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import nn

from ..models.cgan_maxout import CGANMaxoutDiscriminator, CGANMaxoutGenerator
from ._conditional import ConditionalRecipe


@dataclass(frozen=True, kw_only=True)
class CGANPaper(ConditionalRecipe):
    """Any image size, grey or colour; data with classes."""

    images: int = 28_800_000
    batch_size: int = 100
    learning_rate: float = 0.1
    learning_rate_decay: float = 1.00004  # what the rate is divided by at each update
    least_learning_rate: float = 1e-6
    momentum: float = 0.5
    final_momentum: float = 0.7
    momentum_images: int = 15_000_000  # in which it rises, in a line
    latent_distribution: str = "uniform"
    ema_half_life: int = 0
    generator_width: int = 1200
    discriminator_width: int = 240

    def check(self) -> None:
        super().check()
        for name in ("momentum", "final_momentum"):
            self._require(name, 0 <= getattr(self, name) < 1, "must be at least 0 and below 1")
        self._require("learning_rate_decay", self.learning_rate_decay >= 1, "must be at least 1")
        self._require(
            "least_learning_rate", 0 < self.least_learning_rate <= self.learning_rate, "must be above 0 and no more than learning_rate"
        )
        self._require("momentum_images", self.momentum_images > 0, "must be above 0")
        self._require("schedule", self.schedule == "constant", "has no meaning beside learning_rate_decay; leave it out")
        for name in ("adam_beta1", "adam_beta2", "final_adam_beta2", "fused_optimizer"):
            unused = getattr(self, name) == type(self).__dataclass_fields__[name].default
            self._require(name, unused, "has no meaning here: this recipe does not train with Adam; leave it out")

    def models(self) -> dict[str, nn.Module]:
        return {
            "generator": CGANMaxoutGenerator(**self.sizes(), **self.latents(), width=self.generator_width),
            "discriminator": CGANMaxoutDiscriminator(**self.sizes(), width=self.discriminator_width),
        }

    def optimizers(self, models: Mapping[str, nn.Module]) -> dict[str, torch.optim.Optimizer]:
        settings = {"lr": self.learning_rate, "momentum": self.momentum}
        return {name: self.player_optimizer(name, torch.optim.SGD(model.parameters(), **settings)) for name, model in models.items()}

    def learning_rate_scale(self, images: int) -> float:
        decayed = self.learning_rate_decay ** -(images / self.batch_size)
        return super().learning_rate_scale(images) * max(decayed, self.least_learning_rate / self.learning_rate)

    def tune(self, optimizer: torch.optim.Optimizer, images: int) -> None:
        super().tune(optimizer, images)
        risen = min(1.0, images / self.momentum_images)
        for group in optimizer.param_groups:
            group["momentum"] = self.momentum + (self.final_momentum - self.momentum) * risen

    def smoke(self) -> Self:
        return replace(super().smoke(), generator_width=12, discriminator_width=8)
