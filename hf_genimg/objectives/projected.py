"""Projected GAN (arXiv:2111.01007, eq. 2): a GAN loss in the feature space of a frozen network."""

from __future__ import annotations

from typing import Any

import torch

from ..features import over_random
from .adversarial import Adversarial
from .base import Batch, Networks, Step, Terms, conditions_of


class Projected(Adversarial):
    """The discriminator sees feature maps of the frozen network `features`, at the taps of its config; each of its
    logits, float [N, L], counts as one of a batch of N L. Images with transparency are seen over random colours.

    Where the generator learns from the very images of the discriminator's last update, it does so from their feature
    maps, as augmented then, which that update has not changed.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._awaited = False  # whether the next fake images are those that the generator will learn from
        self._maps: tuple[torch.Tensor, list[torch.Tensor]] | None = None  # latents, and the maps of their images

    def begin(self, step: Step) -> None:
        super().begin(step)
        if step.player == "discriminator":
            self._awaited, self._maps = False, None

    def detached(self, fake: torch.Tensor) -> torch.Tensor:
        """With gradient where the generator will learn from these images: `logits` detaches their maps."""
        self._awaited = fake.requires_grad
        return fake

    def logits(
        self, networks: Networks, images: torch.Tensor, batch: Batch, latents: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, Terms]:
        discriminator = networks["discriminator"]
        if self.step.player == "generator" and self._maps is not None and latents is self._maps[0]:
            maps, self._maps = self._maps[1], None
        else:
            maps = list(networks["features"](*over_random(images), discriminator.config.taps).values())
        if self._awaited and latents is not None:
            self._awaited, self._maps = False, (latents, maps)
            maps = [each.detach() for each in maps]
        logits = discriminator(maps, **conditions_of(discriminator, batch))
        return logits.float().flatten(), {}
