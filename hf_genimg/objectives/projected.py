"""Projected GAN (arXiv:2111.01007, eq. 2): a GAN loss in the feature space of a frozen network."""

from __future__ import annotations

import torch

from ..features import over_random
from .adversarial import Adversarial
from .base import Batch, Networks, Terms, conditions_of


class Projected(Adversarial):
    """The discriminator sees feature maps of the frozen network `features`, at the taps of its config; each of its
    logits, float [N, L], counts as one of a batch of N L. Images with transparency are seen over random colours.
    """

    def logits(
        self, networks: Networks, images: torch.Tensor, batch: Batch, latents: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, Terms]:
        discriminator = networks["discriminator"]
        maps = networks["features"](*over_random(images), discriminator.config.taps)
        logits = discriminator(list(maps.values()), **conditions_of(discriminator, batch))
        return logits.float().flatten(), {}
