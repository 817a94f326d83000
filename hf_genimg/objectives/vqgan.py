"""VQGAN objective: absolute and perceptual distance, the codebook, and a patch discriminator with an adaptive weight
(arXiv:2012.09841, eq. 4 to 8).
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from ..losses.adversarial import GANLoss
from .base import Batch, Networks, Step, Terms
from .quantized import VectorQuantized

LARGEST_WEIGHT = 1e4  # of the adaptive one
EPS = 1e-4  # is added to the norm of the gradient of the GAN loss


class AdversariallyQuantized(VectorQuantized):
    """`VectorQuantized`, with other distances and a discriminator.

    The reconstruction costs the mean absolute difference plus `perceptual_weight` times the distance that the frozen
    network `perceptual` gives. The GAN loss is weighed so that its gradient at the decoder's last weight has
    `adversarial_weight` times the length of that of the reconstruction; it begins after `adversarial_start` images, and
    the discriminator with it. (The authors' `legacy` switch, which swaps the weights of codebook and commitment, is not
    here.)

    loss: of the discriminator's logits, one for each patch.
    """

    players = ("autoencoder", "discriminator")

    def __init__(
        self,
        loss: GANLoss,
        perceptual_weight: float = 1.0,
        adversarial_weight: float = 0.8,
        adversarial_start: int = 0,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        if min(perceptual_weight, adversarial_weight, adversarial_start) < 0:
            raise ValueError(
                f"perceptual_weight={perceptual_weight}, adversarial_weight={adversarial_weight} and "
                f"adversarial_start={adversarial_start} must be at least 0"
            )
        self.loss, self.perceptual_weight = loss, perceptual_weight
        self.adversarial_weight, self.adversarial_start = adversarial_weight, adversarial_start
        self._made: list[torch.Tensor] = []  # of each micro-batch, for the discriminator's update after it

    @property
    def adversarial(self) -> bool:
        """Whether the discriminator has begun."""
        return self.step.images >= self.adversarial_start

    def begin(self, step: Step) -> None:
        super().begin(step)
        if step.player == "autoencoder" and step.offset == 0:
            self._made.clear()

    def autoencoder(self, networks: Networks, batch: Batch) -> Terms:
        images = batch["images"]
        made, terms = self.reconstructed(networks, images)
        distances = self._distances(networks, made, images)
        terms = {**distances, **terms}
        self._made.append(made.detach())
        if self.adversarial:
            adversarial = sum(self.loss.generator(None, networks["discriminator"](made).float()).values())
            weight = adaptive_weight(sum(distances.values()), adversarial, networks["autoencoder"].last_weight)
            terms["adversarial"] = self.adversarial_weight * weight * adversarial
        return terms

    def discriminator(self, networks: Networks, batch: Batch) -> Terms:
        made, discriminator = self._made.pop(0), networks["discriminator"]
        if not self.adversarial:
            zero = 0 * next(discriminator.parameters()).sum()
            return {"real": zero, "fake": zero}
        terms = self.loss.discriminator(discriminator(batch["images"]).float(), discriminator(made).float())
        return {name: 0.5 * term for name, term in terms.items()}

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """Besides the error and the perplexity, the perceptual distance."""
        made = networks["autoencoder"](batch["images"]).float()
        distance = networks["perceptual"](made, batch["images"]).mean()
        return {**super().held_out(networks, batch), "perceptual": distance}

    def _distances(self, networks: Networks, made: torch.Tensor, images: torch.Tensor) -> Terms:
        terms = {"absolute": F.l1_loss(made, images)}
        if self.perceptual_weight:
            distance = networks["perceptual"](made.clamp(-1, 1), images).mean()
            terms["perceptual"] = self.perceptual_weight * distance
        return terms


def adaptive_weight(reconstruction: torch.Tensor, adversarial: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The ratio of the lengths of the gradients of two losses at a weight, without gradient: a scalar (eq. 7)."""
    (first,) = torch.autograd.grad(reconstruction, weight, retain_graph=True)
    (second,) = torch.autograd.grad(adversarial, weight, retain_graph=True)
    return (first.float().norm() / (second.float().norm() + EPS)).clamp(max=LARGEST_WEIGHT).detach()
