"""Regularizers of weights, and of what the generator learns from."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from ..losses.adversarial import judged_fake, judged_real, squared_distance
from ..losses.cures import orthogonality
from .games import Game
from .regularizers import Play, Regularizer, Terms


class Orthogonal(Regularizer):
    """weight times `losses.cures.orthogonality` of all weights with two or more dimensions, of each network in its own
    turn.
    """

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = weight

    def judged(self, play: Play) -> Terms:
        return self._of(play.networks["discriminator"])

    def generated(self, play: Play) -> Terms:
        return self._of(play.networks["generator"])

    def _of(self, network: nn.Module) -> Terms:
        return {"orthogonal": self.weight * orthogonality(p.float() for p in network.parameters() if p.dim() > 1)}


class TopK(Regularizer):
    """The generator learns from the fakes with the highest logits only (arXiv:2002.06224, section 3).

    Of each micro-batch, the share `share ** min(1, t / updates)` after t updates of the discriminator: from all of it
    to `share` of it.
    """

    def __init__(self, share: float, updates: int) -> None:
        super().__init__()
        if not 0 < share <= 1 or updates < 1:
            raise ValueError(
                f"top_k={share} must be above 0 and at most 1, and be reached after at least one update, not {updates}"
            )
        self.share, self.last = share, updates
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))

    def select(self, on_fake: torch.Tensor) -> torch.Tensor:
        share = self.share ** min(1.0, self.updates.item() / self.last)
        return on_fake.topk(max(1, round(share * len(on_fake)))).values

    def update(self, discriminator: nn.Module) -> None:
        self.updates += 1


def smoothed(game: Game, name: str, amount: float) -> Game:
    """The game in which real images are to be judged real with probability 1 - amount only (arXiv:1606.03498, section
    3.4).
    """
    if name not in SMOOTHED:
        raise ValueError(
            f"label_smoothing={amount} cannot go with game={name}, which has no labels; use game={' or '.join(SMOOTHED)}"
        )

    def discriminator(on_real: torch.Tensor, on_fake: torch.Tensor) -> Terms:
        return {**game.discriminator(on_real, on_fake), "real": SMOOTHED[name](on_real, amount)}

    return game._replace(discriminator=discriminator)


def _smoothed_odds(on_real: torch.Tensor, amount: float) -> torch.Tensor:
    return (1 - amount) * judged_real(on_real) + amount * judged_fake(on_real)


SMOOTHED: Mapping = {
    "non_saturating": _smoothed_odds,
    "saturating": _smoothed_odds,
    "least_squares": lambda on_real, amount: squared_distance(on_real, 1 - amount),
}
