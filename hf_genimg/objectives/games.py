"""Adversarial games: what the two players minimise, as pure functions of logits."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch

from ..losses.adversarial import hinge_fake, hinge_real, judged_fake, judged_real, paired, squared_distance

Terms = dict[str, torch.Tensor]


class Game(NamedTuple):
    """Both functions take logits on real and on fake images, float [N] each, and return named scalar terms to minimise.

    `pairs`: the generator's turn needs real images too; otherwise its function is called with None for them.
    `boundary`: the logit above which the discriminator says "real"; None where logits only say which of two images is
    more real.
    """

    discriminator: Callable[[torch.Tensor, torch.Tensor], Terms]
    generator: Callable[[torch.Tensor | None, torch.Tensor], Terms]
    pairs: bool = False
    boundary: float | None = 0.0


def _tell_apart(on_real: torch.Tensor, on_fake: torch.Tensor) -> Terms:
    return {"real": judged_real(on_real), "fake": judged_fake(on_fake)}


def non_saturating() -> Game:
    """The generator maximises log D(G(z)) (arXiv:1406.2661, section 3): its gradient stays large while the
    discriminator is sure.
    """
    return Game(_tell_apart, lambda _, on_fake: {"fool": judged_real(on_fake)})


def saturating() -> Game:
    """The minimax game as first written (arXiv:1406.2661, eq. 1): the generator minimises log(1 - D(G(z)))."""
    return Game(_tell_apart, lambda _, on_fake: {"fool": -judged_fake(on_fake)})


def least_squares() -> Game:
    """Real images are to score 1, fakes 0; the generator wants 1 (arXiv:1611.04076, eq. 9)."""
    return Game(
        lambda on_real, on_fake: {"real": squared_distance(on_real, 1), "fake": squared_distance(on_fake, 0)},
        lambda _, on_fake: {"fool": squared_distance(on_fake, 1)},
        boundary=0.5,
    )


def hinge() -> Game:
    """Margins of 1 for the discriminator, the plain score for the generator (arXiv:1802.05957, eq. 16 and 17)."""
    return Game(
        lambda on_real, on_fake: {"real": hinge_real(on_real), "fake": hinge_fake(on_fake)},
        lambda _, on_fake: {"fool": -on_fake.mean()},
    )


def wasserstein() -> Game:
    """The difference of mean scores (arXiv:1701.07875, eq. 2). Needs a critic of bounded slope: a gradient penalty or
    weight clipping.
    """
    return Game(
        lambda on_real, on_fake: {"wasserstein": on_fake.mean() - on_real.mean()},
        lambda _, on_fake: {"fool": -on_fake.mean()},
        boundary=None,
    )


def relativistic() -> Game:
    """Each fake is judged against a real image: relativistic pairing (arXiv:1807.00734; R3GAN, arXiv:2501.05441, eq.
    2).
    """
    return Game(
        lambda on_real, on_fake: {"pair": paired(on_real, on_fake)},
        lambda on_real, on_fake: {"fool": paired(on_fake, on_real)},
        pairs=True,
        boundary=None,
    )


GAMES: dict[str, Callable[[], Game]] = {
    game.__name__: game for game in (non_saturating, saturating, least_squares, hinge, wasserstein, relativistic)
}


def game_named(name: str) -> Game:
    """The game a recipe names; `ValueError` with the names there are."""
    if name not in GAMES:
        raise ValueError(f"game={name!r} is not known; use one of {', '.join(GAMES)}")
    return GAMES[name]()
