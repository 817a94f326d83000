"""A game whose discriminator also guesses what images were made of: their classes (arXiv:1610.09585), or codes
(arXiv:1606.03657).
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from ._judging import Batch, Labels, Networks
from .adversarial import Adversarial
from .games import Terms


class Auxiliary(Adversarial):
    """The discriminator's `judge(images)` gives logits [N] and guesses; both players gain where guesses are right.

    AC-GAN: `guesses` are logits of classes, [N, num_classes]; real images and fakes both count (eq. 3).
    weight: of the cross-entropy, for both players.
    """

    def __init__(self, *, weight: float = 1.0, **parts: Any) -> None:
        super().__init__(**parts)
        if weight <= 0:
            raise ValueError(f"auxiliary_weight={weight} must be above 0")
        self.weight = weight

    def told(self, networks: Networks, labels: Labels) -> Any:
        """The discriminator, which guesses and is told nothing."""
        return networks["discriminator"]

    def judged(
        self, networks: Networks, images: torch.Tensor, labels: Labels, latents: torch.Tensor | None
    ) -> tuple[torch.Tensor, Terms]:
        logits, guesses = networks["discriminator"].judge(images)
        name = "class_real" if latents is None else "class_fake"
        return logits.float(), {name: self.weight * F.cross_entropy(guesses.float(), labels)}


class Informed(Auxiliary):
    """InfoGAN: no labels in the data; classes are drawn, and `codes`, the first latents, too. Fakes alone are guessed
    (eq. 5 and 6).

    `guesses` are logits of `num_classes` classes and the mean of each code, whose deviation is taken as 1: so the bound
    on the mutual information is a cross-entropy and half a squared distance, up to constants.
    """

    def __init__(self, *, num_classes: int, codes: int, **parts: Any) -> None:
        super().__init__(**parts)
        self.num_classes, self.codes = num_classes, codes

    def labels(self, networks: Networks, batch: Batch) -> Labels:
        images = batch["images"]
        return torch.randint(self.num_classes, (len(images),), device=images.device)

    def judged(
        self, networks: Networks, images: torch.Tensor, labels: Labels, latents: torch.Tensor | None
    ) -> tuple[torch.Tensor, Terms]:
        logits, guesses = networks["discriminator"].judge(images)
        if latents is None:
            return logits.float(), {}
        classes, means = guesses.float().split([self.num_classes, self.codes], 1)
        distance = 0.5 * (means - latents[:, : self.codes]).square().sum(1).mean()
        return logits.float(), {
            "class": self.weight * F.cross_entropy(classes, labels),
            "codes": self.weight * distance,
        }
