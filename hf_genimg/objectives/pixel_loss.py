"""Restoration by regression: the distance of a translation to its target, pixel by pixel."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

from ..losses.pixels import PIXEL_LOSSES, psnr
from .base import Batch, Networks, Objective, Terms, conditions_of

Augment = Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]


class PixelLoss(Objective):
    """A distance between `generator(inputs)` and the targets, in float32.

    distance: a name of `losses.pixels.PIXEL_LOSSES`. augment: changes both sides of the training pairs alike: (inputs,
    images) to (inputs, images).
    """

    players = ("generator",)

    def __init__(self, distance: str = "l1", augment: Augment | None = None) -> None:
        super().__init__()
        if distance not in PIXEL_LOSSES:
            raise ValueError(f"loss={distance} is not known; use one of {', '.join(PIXEL_LOSSES)}")
        self.distance, self._augment = distance, augment

    def generator(self, networks: Networks, batch: Batch) -> Terms:
        """The distance of translations of `batch["inputs"]` to `batch["images"]`, float [N, C, H, W] in [-1, 1]."""
        if self._augment is not None:
            inputs, images = self._augment(batch["inputs"], batch["images"])
            batch = {**batch, "inputs": inputs, "images": images}
        made = networks["generator"](**conditions_of(networks["generator"], batch)).float()
        return {self.distance: PIXEL_LOSSES[self.distance](made, batch["images"])}

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """L1 and PSNR, in decibels, of translations, and those of the inputs where their shape allows."""
        inputs, images = batch["inputs"], batch["images"]
        made = networks["generator"](**conditions_of(networks["generator"], batch)).float()
        terms = {"l1": F.l1_loss(made, images), "psnr": psnr(made, images).mean()}
        if inputs.shape != images.shape:
            return terms
        return {**terms, "l1_of_inputs": F.l1_loss(inputs, images), "psnr_of_inputs": psnr(inputs, images).mean()}
