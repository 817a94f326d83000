"""What the recipes of StyleGAN2 share: networks with styles, lazy regularization, style mixing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import nn

from ..models.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator
from ..objectives.path_length import PathLength, StyleAdversarial
from ..objectives.regularizers import Regularizer
from ._conditional import ConditionalRecipe


@dataclass(frozen=True, kw_only=True)
class StyledRecipe(ConditionalRecipe):
    """Image sizes of a power of two from 8 to 1024, and 28, grey or colour; `conditional=true` learns classes too."""

    conditional: bool = False
    auto_r1: bool = True  # where r1 is 0, it is 0.0002 image_size^2 / batch_size, as StyleGAN2-ADA chooses it
    penalty_every: int = 16
    path_length: float = 2.0  # weight of path length regularization; 0: none
    path_length_every: int = 4  # compute it in one of so many updates, with as many times the weight
    style_mixing: float = 0.9  # how often the later layers have the styles of other latents in training
    adam_beta1: float = 0.0
    adam_beta2: float = 0.99
    minibatch_std: bool = True
    group_size: int = 4  # images of the groups whose standard deviation the discriminator sees
    channels_last: bool = True
    latent_dim: int = 512
    style_dim: int = 512  # numbers in w
    mapping_layers: int = 2
    truncated_layers: int | None = None  # truncation moves w in the first so many layers; none: in all
    width: int = 512  # most channels of a map
    capacity: int = 16384  # a map has this over its side as channels, `width` at most
    architecture: str = "resnet"  # of the discriminator; or orig, without shortcuts

    def check(self) -> None:
        super().check()
        for name in ("capacity", "group_size"):
            self._require(name, getattr(self, name) > 0, "must be above 0")
        rule = "cannot be used: the layers of this family scale their weights themselves"
        self._require("spectral_norm", not self.spectral_norm, rule)
        second = self.path_length or self.auto_r1
        self._require(
            "compile", not (self.compile and second), "cannot be used: torch.compile has no second derivatives"
        )

    def models(self) -> dict[str, nn.Module]:
        both = {**self.sizes(), "width": self.width, "capacity": self.capacity}
        styles = {name: getattr(self, name) for name in ("style_dim", "mapping_layers", "truncated_layers")}
        own = {name: getattr(self, name) for name in ("architecture", "minibatch_std", "group_size")}
        return {
            "generator": StyleGAN2Generator(**both, **self.latents(), **styles),
            "discriminator": StyleGAN2Discriminator(**both, **own),
        }

    def penalties(self) -> list[Regularizer]:
        gamma = 2e-4 * self.image_size**2 / self.batch_size if self.auto_r1 and not self.r1 else self.r1
        plain = super(StyledRecipe, replace(self, r1=gamma)).penalties()
        return [*plain, *([PathLength(self.path_length, every=self.path_length_every)] if self.path_length else [])]

    def objective(self) -> StyleAdversarial:
        return StyleAdversarial(**self.objective_parts(), mixing=self.style_mixing)

    def player_optimizer(self, name: str, optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
        """With rate and betas for a step more in every k updates, which a lazy term stands for (arXiv:1912.04958,
        appendix B).
        """
        optimizer = super().player_optimizer(name, optimizer)
        every = self.penalty_every if name == "discriminator" else self.path_length_every
        used = (self.auto_r1 or self.r1 or self.r2) if name == "discriminator" else self.path_length
        share = every / (every + 1) if used and every > 1 else 1.0
        for group in optimizer.param_groups:
            group["lr"] *= share
            group["betas"] = tuple(beta**share for beta in group["betas"])
        return optimizer

    def smoke(self) -> Self:
        small = {"image_size": 8, "width": 4, "capacity": 32, "style_dim": 8, "batch_size": 8, "penalty_every": 2}
        return replace(super().smoke(), **small, path_length_every=2 if self.path_length else self.path_length_every)
