"""What recipes share that train one network on pairs by a distance, pixel by pixel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from ..layers.dihedral import turn_together
from ..losses.pixels import PIXEL_LOSSES
from ..objectives.pixel_loss import PixelLoss
from ..pipelines.translation import ImageTranslationPipeline
from ._image_to_image import ImageToImageRecipe


@dataclass(frozen=True, kw_only=True)
class RegressionRecipe(ImageToImageRecipe):
    """A network that turns inputs into targets, by their distance alone."""

    loss: str = "l1"  # l1, l2, charbonnier or psnr
    turn: bool = True  # train on pairs that are turned by quarter turns and mirrored too, both sides alike

    def check(self) -> None:
        super().check()
        self._require("loss", self.loss in PIXEL_LOSSES, f"is not known; use one of {', '.join(PIXEL_LOSSES)}")

    def objective(self) -> PixelLoss:
        return PixelLoss(self.loss, turn_together if self.turn else None)

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        return ImageTranslationPipeline(generator=networks["generator"])
