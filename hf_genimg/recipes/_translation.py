"""What recipes of paired translation share: a GAN loss with an L1 distance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from torch import nn

from ..layers.jitter import shift_together
from ..losses.adversarial import gan_loss
from ..objectives.translation import Translation
from ..pipelines.translation import ImageTranslationPipeline
from ._image_to_image import ImageToImageRecipe


@dataclass(frozen=True, kw_only=True)
class TranslationRecipe(ImageToImageRecipe):
    """A generator that turns inputs into targets, against a discriminator of (input, image) pairs."""

    loss: str = "non_saturating"  # saturating, least_squares, hinge, wasserstein or relativistic, patch by patch
    shift: int = 0  # augment pairs by shifts of up to so many pixels, both sides alike
    l1_weight: float = 100.0  # of the mean absolute difference to the targets; 0: none
    adam_beta1: float = 0.5
    save_discriminator: bool = True  # keep it in the pipeline, for scores and for training on

    losses: ClassVar[type[Translation]] = Translation

    def check(self) -> None:
        super().check()
        self._require("l1_weight", self.l1_weight >= 0, "must be at least 0")
        self._require(
            "shift", 0 <= self.shift < self.image_size, f"must be at least 0 and below image_size={self.image_size}"
        )

    def objective(self) -> Translation:
        return self.losses(
            gan_loss(self.loss), self.l1_weight, partial(shift_together, most=self.shift) if self.shift else None
        )

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        discriminator = networks["discriminator"] if self.save_discriminator else None
        return ImageTranslationPipeline(generator=networks["generator"], discriminator=discriminator)
