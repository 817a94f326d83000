"""Adversarial games: what the two players minimise, as pure functions of logits."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch

from ..losses.adversarial import judged_fake, judged_real

Terms = dict[str, torch.Tensor]


class Game(NamedTuple):
    """Each function takes logits on real and on fake images, float [N] each, and returns named scalar terms to minimise."""

    discriminator: Callable[[torch.Tensor, torch.Tensor], Terms]
    generator: Callable[[torch.Tensor], Terms]


def _tell_apart(on_real: torch.Tensor, on_fake: torch.Tensor) -> Terms:
    return {"real": judged_real(on_real), "fake": judged_fake(on_fake)}


def non_saturating() -> Game:
    """The generator maximises log D(G(z)) (arXiv:1406.2661, section 3): its gradient stays large while the discriminator is sure."""
    return Game(_tell_apart, lambda on_fake: {"fool": judged_real(on_fake)})


def saturating() -> Game:
    """The minimax game as first written (arXiv:1406.2661, eq. 1): the generator minimises log(1 - D(G(z)))."""
    return Game(_tell_apart, lambda on_fake: {"fool": -judged_fake(on_fake)})


GAMES: dict[str, Callable[[], Game]] = {"non_saturating": non_saturating, "saturating": saturating}


def game_named(name: str) -> Game:
    """The game a recipe names; `ValueError` with the names there are."""
    if name not in GAMES:
        raise ValueError(f"game={name!r} is not known; use one of {', '.join(GAMES)}")
    return GAMES[name]()
