"""Paired image translation: a conditional GAN on (input, image) pairs and a distance to the target (pix2pix,
arXiv:1611.07004).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

from ..losses.adversarial import GANLoss
from .base import Batch, Networks, Objective, Terms, conditions_of


class Translation(Objective):
    """A GAN loss between `generator(inputs)` and `discriminator(inputs, images)`, plus the L1 distance to the targets
    (eq. 4).

    Each patch has a logit of its own; losses are taken in float32. The discriminator's loss is halved, so that it
    learns slower than the generator (section 3.3). Noise is the generator's own dropout.

    augment: changes both sides of the training pairs alike: (inputs, images) to (inputs, images). l1_weight: of the
    mean absolute difference to the targets, on [-1, 1]; 100 in the paper, 0 leaves it out.
    """

    players = ("discriminator", "generator")

    def __init__(
        self,
        loss: GANLoss,
        l1_weight: float = 100.0,
        augment: Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]] | None = None,
    ) -> None:
        super().__init__()
        self.loss, self.l1_weight, self._augment = loss, l1_weight, augment

    def discriminator(self, networks: Networks, batch: Batch) -> Terms:
        """The halved terms on `batch["images"]`, float [N, C, H, W], and translations of `batch["inputs"]`, float
        [N, C_in, H, W].
        """
        batch = self._augmented(batch)
        with torch.no_grad():
            fake = self._translated(networks, batch)
        terms = self.loss.discriminator(
            self._logits(networks, batch, batch["images"]), self._logits(networks, batch, fake)
        )
        return {name: term / 2 for name, term in terms.items()}

    def generator(self, networks: Networks, batch: Batch) -> Terms:
        """The adversarial term on translations of `batch["inputs"]`, and the weighted distance to `batch["images"]`."""
        batch = self._augmented(batch)
        fake = self._translated(networks, batch)
        real_logits = self._logits(networks, batch, batch["images"]) if self.loss.paired else None
        terms = self.loss.generator(real_logits, self._logits(networks, batch, fake))
        return {**terms, "l1": self.l1_weight * F.l1_loss(fake.float(), batch["images"])} if self.l1_weight else terms

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """The L1 distance of translations to targets, on [-1, 1] and unweighted, and that of the inputs where their
        shape allows.
        """
        inputs, images = batch["inputs"], batch["images"]
        terms = {"l1": F.l1_loss(self._translated(networks, batch).float(), images)}
        return {**terms, "l1_of_inputs": F.l1_loss(inputs, images)} if inputs.shape == images.shape else terms

    def _augmented(self, batch: Batch) -> Batch:
        if self._augment is None:
            return batch
        inputs, images = self._augment(batch["inputs"], batch["images"])
        return {**batch, "inputs": inputs, "images": images}

    def _translated(self, networks: Networks, batch: Batch) -> torch.Tensor:
        return networks["generator"](**conditions_of(networks["generator"], batch))

    def _logits(self, networks: Networks, batch: Batch, images: torch.Tensor) -> torch.Tensor:
        """The logits of all patches: float32 [N h w]."""
        return networks["discriminator"](batch["inputs"], images).float().flatten()
