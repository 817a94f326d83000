"""Restoration that looks sharp: pixels, features and a GAN loss together (SRGAN, arXiv:1609.04802)."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

from ..losses.adversarial import GANLoss
from ..losses.pixels import psnr
from .base import Batch, Networks, Objective, Terms, conditions_of


class PerceptualGAN(Objective):
    """The L1 distance, the distance in a frozen feature network and a GAN loss on images alone, without their inputs.

    The frozen network is called `perceptual`: (images, targets) to distances, float [N].

    l1_weight, perceptual_weight, adversarial_weight: of the generator's terms. augment: as of `PixelLoss`.
    """

    players = ("discriminator", "generator")

    def __init__(
        self,
        loss: GANLoss,
        l1_weight: float,
        perceptual_weight: float,
        adversarial_weight: float,
        augment: Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]] | None = None,
    ) -> None:
        super().__init__()
        self.loss, self._augment = loss, augment
        self.l1_weight, self.perceptual_weight, self.adversarial_weight = (
            l1_weight,
            perceptual_weight,
            adversarial_weight,
        )

    def discriminator(self, networks: Networks, batch: Batch) -> Terms:
        """The terms on `batch["images"]`, float [N, C, H, W] in [-1, 1], and on the generator's."""
        batch = self._augmented(batch)
        with torch.no_grad():
            fake = _made(networks, batch)
        return self.loss.discriminator(*(_logits(networks, side) for side in (batch["images"], fake)))

    def generator(self, networks: Networks, batch: Batch) -> Terms:
        """The weighted terms on images made of `batch["inputs"]`; those of weight 0 are left out."""
        batch = self._augmented(batch)
        fake, images = _made(networks, batch), batch["images"]
        terms = {}
        if self.adversarial_weight:
            real_logits = _logits(networks, images) if self.loss.paired else None
            found = self.loss.generator(real_logits, _logits(networks, fake))
            terms = {name: self.adversarial_weight * term for name, term in found.items()}
        if self.l1_weight:
            terms["l1"] = self.l1_weight * F.l1_loss(fake, images)
        if self.perceptual_weight:
            terms["perceptual"] = self.perceptual_weight * networks["perceptual"](fake, images).mean()
        return terms

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """L1, PSNR in decibels, and the perceptual distance, unweighted."""
        made, images = _made(networks, batch), batch["images"]
        perceptual = networks["perceptual"](made, images).mean()
        return {"l1": F.l1_loss(made, images), "psnr": psnr(made, images).mean(), "perceptual": perceptual}

    def _augmented(self, batch: Batch) -> Batch:
        if self._augment is None:
            return batch
        inputs, images = self._augment(batch["inputs"], batch["images"])
        return {**batch, "inputs": inputs, "images": images}


def _made(networks: Networks, batch: Batch) -> torch.Tensor:
    return networks["generator"](**conditions_of(networks["generator"], batch)).float()


def _logits(networks: Networks, images: torch.Tensor) -> torch.Tensor:
    return networks["discriminator"](images).float().flatten()
