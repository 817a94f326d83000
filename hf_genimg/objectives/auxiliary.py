"""GAN objectives with an auxiliary classifier: of classes (AC-GAN, arXiv:1610.09585) or of codes (InfoGAN,
arXiv:1606.03657).
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from .adversarial import Adversarial
from .base import Batch, Networks, Terms


class Auxiliary(Adversarial):
    """AC-GAN: the discriminator's `logits_and_auxiliary(images)` gives logits [N] and logits of classes [N,
    num_classes]; both players minimize the cross-entropy of the classes, on real images and on fakes (eq. 3).

    weight: of the cross-entropy, for both players.
    """

    def __init__(self, *, weight: float = 1.0, **parts: Any) -> None:
        super().__init__(**parts)
        if weight <= 0:
            raise ValueError(f"auxiliary_weight={weight} must be above 0")
        self.weight = weight

    def logits(
        self, networks: Networks, images: torch.Tensor, batch: Batch, latents: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, Terms]:
        logits, class_logits = networks["discriminator"].logits_and_auxiliary(images)
        name = "class_real" if latents is None else "class_fake"
        return logits.float(), {name: self.weight * F.cross_entropy(class_logits.float(), batch["labels"])}


class Informed(Auxiliary):
    """InfoGAN: the data has no labels; classes are sampled, and so are `codes`, the first latents. The auxiliary
    outputs on fakes are logits of `num_classes` classes and the mean of each code, whose deviation is taken as 1: the
    bound on the mutual information is a cross-entropy and half a squared distance, up to constants (eq. 5 and 6).
    """

    provided = ("labels",)

    def __init__(self, *, num_classes: int, codes: int, **parts: Any) -> None:
        super().__init__(**parts)
        self.num_classes, self.codes = num_classes, codes

    def prepared(self, batch: Batch) -> Batch:
        images = batch["images"]
        return {**batch, "labels": torch.randint(self.num_classes, (len(images),), device=images.device)}

    def logits(
        self, networks: Networks, images: torch.Tensor, batch: Batch, latents: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, Terms]:
        logits, auxiliary = networks["discriminator"].logits_and_auxiliary(images)
        if latents is None:
            return logits.float(), {}
        class_logits, means = auxiliary.float().split([self.num_classes, self.codes], 1)
        distance = 0.5 * (means - latents[:, : self.codes]).square().sum(1).mean()
        cross_entropy = F.cross_entropy(class_logits, batch["labels"])
        return logits.float(), {"class": self.weight * cross_entropy, "codes": self.weight * distance}
