"""What the recipes of ProGAN share: networks that grow, the schedule, and optimizers that begin anew."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import nn

from ..layers.pyramid import sides_of
from ..models.progan import ProGANDiscriminator, ProGANGenerator, faded_images
from ..objectives.progressive import Drift, Progressive, stage_of
from ..objectives.regularizers import Regularizer
from ._adversarial import AdversarialRecipe


@dataclass(frozen=True, kw_only=True)
class GrowingRecipe(AdversarialRecipe):
    """Image sizes of a power of two from 8 to 1024, and 28, grey or colour."""

    loss: str = "wasserstein"
    gradient_penalty: float = 10.0
    drift: float = 1e-3  # weight of the square of the critic's outputs on real images; 0: none
    stable_images: int = 600_000  # at each size, before the next one fades in
    fade_images: int = 600_000  # in which it does
    learning_rate: float = 1e-3
    adam_beta1: float = 0.0
    adam_beta2: float = 0.99
    minibatch_std: bool = True
    group_size: int = 4  # images of the groups whose standard deviation the critic sees
    channels_last: bool = True
    width: int = 512  # most channels of a map
    capacity: int = 16384  # a map has this over its side as channels, `width` at most

    def check(self) -> None:
        super().check()
        for name in ("drift", "stable_images"):
            self._require(name, getattr(self, name) >= 0, "must be at least 0")
        for name in ("fade_images", "capacity", "group_size"):
            self._require(name, getattr(self, name) > 0, "must be above 0")
        rule = "cannot be used: the layers of this family scale their weights themselves"
        self._require("spectral_norm", not self.spectral_norm, rule)

    @property
    def sides(self) -> list[int]:
        """Sides of the images in pixels, the smallest first."""
        return sides_of(self.image_size, "ProGAN")

    def stage(self, images: int) -> float:
        """How many doublings are in use after `images` images, the last one partly while it fades in."""
        doublings = len(self.sides) - 1
        return stage_of(images, stable=self.stable_images, fade=self.fade_images, doublings=doublings)

    def models(self) -> dict[str, nn.Module]:
        both = {name: getattr(self, name) for name in ("image_size", "image_channels", "width", "capacity")}
        latents = {"latent_dim": self.latent_dim, "latent_distribution": self.latent_distribution}
        groups = {"minibatch_std": self.minibatch_std, "group_size": self.group_size}
        return {
            "generator": ProGANGenerator(**both, **latents),
            "discriminator": ProGANDiscriminator(**both, **groups),
        }

    def objective(self) -> Progressive:
        sides = self.sides

        def fade(images: torch.Tensor, seen: int) -> torch.Tensor:
            return faded_images(images, sides, self.stage(seen))

        return Progressive(**self.objective_parts(), fade=fade)

    def penalties(self) -> list[Regularizer]:
        return [*super().penalties(), *([Drift(self.drift)] if self.drift else [])]

    def advance(self, networks: Mapping[str, nn.Module], images: int) -> None:
        for network in networks.values():
            network.grow(self.stage(images))

    def tune(self, optimizer: torch.optim.Optimizer, images: int) -> None:
        """Where a new size begins to fade in, the optimizers begin anew as well, as in the published code."""
        super().tune(optimizer, images)
        before = self.stage(max(0, images - self.n_critic * self.batch_size))
        if math.ceil(before) != math.ceil(self.stage(images)):
            optimizer.state.clear()

    def smoke(self) -> Self:
        growth = {"stable_images": 8, "fade_images": 20}  # 24 images are within a fade
        return replace(super().smoke(), width=4, capacity=64, **growth)
