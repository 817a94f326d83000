"""What recipes share that train one network, most of them on pairs by a distance, pixel by pixel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..layers.dihedral import turn_together
from ..losses.pixels import PIXEL_LOSSES
from ..objectives.pixel_loss import PixelLoss
from ..pipelines.translation import ImageTranslationPipeline
from ._image_to_image import ImageToImageRecipe


@dataclass(frozen=True, kw_only=True)
class SingleNetworkRecipe(ImageToImageRecipe):
    """A network that turns inputs into images, without a discriminator."""

    weight_decay: float = 0.0  # of Adam: this times the weights is added to their gradients

    def check(self) -> None:
        super().check()
        self._require("weight_decay", self.weight_decay >= 0, "must be at least 0")

    def optimizers(self, models: Mapping[str, nn.Module]) -> dict[str, torch.optim.Optimizer]:
        optimizers = super().optimizers(models)
        for group in optimizers["generator"].param_groups:
            group["weight_decay"] = self.weight_decay
        return optimizers

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        return ImageTranslationPipeline(generator=networks["generator"])


@dataclass(frozen=True, kw_only=True)
class RegressionRecipe(SingleNetworkRecipe):
    """A network that turns inputs into targets, by their distance alone."""

    loss: str = "l1"  # l1, l2, charbonnier or psnr
    turn: bool = True  # train on pairs that are turned by quarter turns and mirrored too, both sides alike

    def check(self) -> None:
        super().check()
        self._require("loss", self.loss in PIXEL_LOSSES, f"is not known; use one of {', '.join(PIXEL_LOSSES)}")

    def objective(self) -> PixelLoss:
        return PixelLoss(self.loss, turn_together if self.turn else None)

    def numbers(self, name: str) -> list[int]:
        """The field called `name`, numbers joined with commas; `ValueError` for anything else."""
        parts = [part.strip() for part in getattr(self, name).split(",")]
        self._require(name, all(part.isdecimal() for part in parts), "must be numbers joined with commas, as in 1,1,2")
        return [int(part) for part in parts]
