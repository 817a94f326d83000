"""How an adversarial objective asks its discriminator: what other games than the usual change."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn

from .games import Terms
from .regularizers import Play

Networks = dict[str, nn.Module]
Batch = dict[str, torch.Tensor]
Labels = torch.Tensor | None  # int64 [N]


class Judging(nn.Module):
    """Which classes both networks are told, and what the discriminator says of images."""

    def labels(self, networks: Networks, batch: Batch) -> Labels:
        """The classes that both networks are told: int64 [N], or None."""
        return batch.get("labels")

    def told(self, networks: Networks, labels: Labels) -> Callable[[torch.Tensor], torch.Tensor]:
        """The discriminator of images whose classes are `labels`."""
        return networks["discriminator"] if labels is None else partial(networks["discriminator"], class_labels=labels)

    def judged(
        self, networks: Networks, images: torch.Tensor, labels: Labels, latents: torch.Tensor | None
    ) -> tuple[torch.Tensor, Terms]:
        """Logits float [N] of images, and what else is to be minimised there. latents: what fakes were made of; None
        for real images.
        """
        return self.told(networks, labels)(images).float(), {}

    def play(self, networks: Networks, labels: Labels, *rest: Any) -> Play:
        """What regularizers are shown; `rest` from `latents` on."""
        generator = networks["generator"]
        return Play(
            networks, self.told(networks, labels), lambda latents: generator(latents, labels), self.augment, *rest
        )
