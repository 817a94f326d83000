"""What recipes that fill in share: masks, a GAN loss, and a pipeline that keeps known pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import nn

from ..losses.adversarial import gan_loss
from ..pipelines.translation import ImageTranslationPipeline
from ._image_to_image import ImageToImageRecipe


@dataclass(frozen=True, kw_only=True)
class InpaintingRecipe(ImageToImageRecipe):
    """A generator that fills in what a mask marks, against a discriminator where adversarial_weight is above 0."""

    loss: str = "hinge"  # non_saturating, saturating, least_squares, wasserstein or relativistic
    adversarial_weight: float = 1.0  # of the generator's GAN loss; 0: no discriminator, the distance alone
    images: int = 6_000
    batch_size: int = 16
    sample_images: int = 3_000
    ema_half_life: int = 500
    generator_learning_rate: float | None = None  # none: learning_rate
    adam_beta1: float = 0.5
    save_discriminator: bool = True  # keep it in the pipeline, for scores and for training on

    def check(self) -> None:
        super().check()
        gan_loss(self.loss)
        rate = self.generator_learning_rate
        self._require("generator_learning_rate", rate is None or rate > 0, "must be above 0, or none")
        self._require("adversarial_weight", self.adversarial_weight >= 0, "must be at least 0")

    def fitted(self, dataset: Any) -> Self:
        self._require("inputs", "mask" in dataset.conditions, "masks nothing; use mask:boxes or another mask")
        return super().fitted(dataset)

    def networks(self) -> dict[str, nn.Module]:
        networks = super().networks()
        return networks if self.adversarial_weight else {"generator": networks["generator"]}

    def optimizers(self, models: Mapping[str, nn.Module]) -> dict[str, torch.optim.Optimizer]:
        optimizers = super().optimizers(models)
        for group in optimizers["generator"].param_groups:
            group["lr"] = self.generator_learning_rate or self.learning_rate
        return optimizers

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        discriminator = networks.get("discriminator") if self.save_discriminator else None
        return ImageTranslationPipeline(networks["generator"], discriminator)
