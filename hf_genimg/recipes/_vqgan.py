"""What the recipes of VQGANs share: networks, the perceptual distance, the discriminator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from torch import nn

from ..data import separate_split
from ..features.perceptual import PerceptualDistance
from ..losses.adversarial import gan_loss
from ..models.vqgan import VQGAN, VQGANDiscriminator
from ..objectives.vqgan import AdversariallyQuantized
from ._projected import DIGITS, LITE0, feature_network
from ._quantized import QuantizedRecipe


@dataclass(frozen=True, kw_only=True)
class VQGANBase(QuantizedRecipe):
    """A quantized autoencoder against a discriminator of patches."""

    loss: str = "hinge"  # non_saturating, least_squares or wasserstein
    multipliers: str = "1,2,4"  # channels of each level over width; a level more is half as many tokens a side
    blocks: int = 1  # residual blocks of a level
    attention_sizes: str = ""  # sizes of maps that have attention, besides the middle, joined with commas
    latent_channels: int = 64  # of the map that becomes vectors
    width: int = 32  # channels of the first level
    groups: int = 32  # of the norms
    discriminator_width: int = 32  # channels of its first map; 64 in the paper
    stages: int = 2  # of the discriminator: 1, 2 or 3 for patches of 16, 34 or 70 pixels
    discriminator_learning_rate: float | None = None  # none: learning_rate
    perceptual_weight: float = 1.0  # of the distance in the features of a frozen network
    features: str | None = None  # that network; none: digits for data=digits, otherwise efficientnet-lite0
    feature_weights: str | None = None  # a file of its weights, where they are in no package
    feature_resolution: int | None = None  # pixels a side that it sees; none: its own, or of efficientnet-lite0 64
    adversarial_weight: float = 0.8
    adversarial_start: int = 0  # images before the discriminator begins
    adam_beta1: float = 0.5
    adam_beta2: float = 0.9

    def check(self) -> None:
        super().check()
        rate = self.discriminator_learning_rate
        self._require("discriminator_learning_rate", rate is None or rate > 0, "must be above 0, or none")
        self._require("loss", not gan_loss(self.loss).paired, "compares pairs; use hinge")
        self._require("blocks", self.blocks > 0, "must be above 0")
        self._require("groups", self.groups > 0 and self.width % self.groups == 0, f"must divide width={self.width}")
        resolution = self.feature_resolution
        self._require("feature_resolution", resolution is None or resolution > 0, "must be above 0, or none")
        for name in ("multipliers", "attention_sizes"):
            self._numbers(name)

    def _numbers(self, name: str) -> list[int]:
        """A field of numbers joined with commas."""
        parts = [part.strip() for part in getattr(self, name).split(",") if part.strip()]
        rule = "must be whole numbers above 0, joined with commas"
        self._require(name, all(part.isdecimal() and int(part) > 0 for part in parts), rule)
        self._require(name, bool(parts) or name != "multipliers", rule)
        return [int(part) for part in parts]

    def models(self) -> dict[str, nn.Module]:
        size = {"image_size": self.image_size, "image_channels": self.image_channels}
        names = ("width", "blocks", "latent_channels", "groups")
        levels = {name: self._numbers(name) for name in ("multipliers", "attention_sizes")}
        settings = {**{name: getattr(self, name) for name in names}, **levels}
        return {
            "autoencoder": VQGAN(**size, **settings, **self.codes()),
            "discriminator": VQGANDiscriminator(**size, width=self.discriminator_width, stages=self.stages),
        }

    def frozen(self) -> dict[str, nn.Module]:
        digits = separate_split(self.data)[0] == DIGITS
        name = self.features or (DIGITS if digits else LITE0)
        resolution = self.feature_resolution or (64 if name == LITE0 else None)
        network = feature_network(name, self.feature_weights, resolution)
        with torch.device("cpu"):
            return {"perceptual": PerceptualDistance(network)}

    def objective(self) -> AdversariallyQuantized:
        weights = (self.perceptual_weight, self.adversarial_weight, self.adversarial_start)
        return AdversariallyQuantized(gan_loss(self.loss), *weights, **self.quantized_parts())

    def optimizers(self, models: Mapping[str, nn.Module]) -> dict[str, torch.optim.Optimizer]:
        optimizers = super().optimizers(models)
        if self.discriminator_learning_rate is not None:
            optimizers["discriminator"].param_groups[0]["lr"] = self.discriminator_learning_rate
        return optimizers

    def smoke(self) -> Self:
        changes: dict[str, Any] = {"multipliers": "1,1,2", "groups": 2, "latent_channels": 4, "adversarial_start": 24}
        return replace(super().smoke(), image_size=16, width=4, discriminator_width=4, stages=1, **changes)
