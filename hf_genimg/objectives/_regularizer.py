"""What a regularizer is, and what it is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn

Terms = dict[str, torch.Tensor]
Images = torch.Tensor  # float [N, C, H, W]


class Play(NamedTuple):
    """One micro-batch of a player's turn. `judge` and `generate` are the networks, told the classes of this
    micro-batch.
    """

    networks: dict[str, nn.Module]
    judge: Callable[[Images], torch.Tensor]  # images, augmented or changed otherwise, to logits [N]
    generate: Callable[[torch.Tensor], Images]  # latents to images
    augment: Callable[[Images], Images]
    latents: torch.Tensor
    real: Images  # as the discriminator saw them
    fake: Images  # likewise in the discriminator's turn; in the generator's as they were made
    on_real: torch.Tensor | None  # logits, float32 [N]; None in the generator's turn, unless its game needs them
    on_fake: torch.Tensor


class Regularizer(nn.Module):
    """Adds terms to one player's turn, or to both. `update` is called once after each update of the discriminator.

    Buffers are saved and resumed. One called `gathered` begins each turn at zero, and before `update` is summed over
    all processes: what is added to it in the micro-batches of a turn is the same everywhere then.
    """

    def forward(self, discriminator: nn.Module, real: Images, fake: Images) -> Terms:
        """Terms of the discriminator that need no more than the images it saw: float [N, C, H, W]. Returns named,
        weighted scalars.
        """
        return {}

    def judged(self, play: Play) -> Terms:
        """Other terms of the discriminator's turn."""
        return {}

    def generated(self, play: Play) -> Terms:
        """Terms of the generator's turn."""
        return {}

    def select(self, on_fake: torch.Tensor) -> torch.Tensor:
        """The logits, of float [N], that the generator learns from."""
        return on_fake

    def update(self, discriminator: nn.Module) -> None:
        """Act on the discriminator as it is after its update."""
