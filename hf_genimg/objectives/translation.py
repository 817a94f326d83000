"""Two players over pairs: a discriminator of (input, image) pairs, a generator that fools it near the true image
(arXiv:1611.07004).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

from .games import Game, Terms

Networks = dict[str, nn.Module]
Batch = dict[str, torch.Tensor]


class Translation(nn.Module):
    """A game between `generator(inputs)` and `discriminator(inputs, images)`, plus the distance to the true images (eq.
    4).

    Each patch's logit is judged alone; losses are taken in float32. The discriminator's loss is halved, so that it
    learns slower than the generator (section 3.3). Noise is the generator's own dropout, from torch's global generator.

    moved: changes both sides of the pairs that are trained on alike: (inputs, images) to (inputs, images).
    l1_weight: of the mean absolute difference to the true images, on [-1, 1]; 100 in the paper, 0 leaves it out.
    """

    players = ("discriminator", "generator")
    kept: frozenset[str] = frozenset()  # each player has its own stream of pairs, so no forward serves both

    def __init__(
        self,
        game: Game,
        l1_weight: float = 100.0,
        moved: Callable[..., tuple[torch.Tensor, torch.Tensor]] | None = None,
    ) -> None:
        super().__init__()
        self.game, self.l1_weight, self._moved = game, l1_weight, moved

    def begin(self, turn: int, single: bool) -> None:
        """Nothing is carried from turn to turn."""

    def discriminator(self, networks: Networks, batch: Batch) -> Terms:
        """The halved terms on `batch["images"]`, float [N, C, H, W], and translations of `batch["inputs"]`, float [N,
        C_in, H, W].
        """
        batch = self._trained_on(batch)
        with torch.no_grad():
            fake = networks["generator"](batch["inputs"])
        terms = self.game.discriminator(
            self._judged(networks, batch, batch["images"]), self._judged(networks, batch, fake)
        )
        return {name: term / 2 for name, term in terms.items()}

    def generator(self, networks: Networks, batch: Batch) -> Terms:
        """The game's term on translations of `batch["inputs"]`, and their weighted distance to `batch["images"]` as
        `l1`.
        """
        batch = self._trained_on(batch)
        fake = networks["generator"](batch["inputs"])
        on_real = self._judged(networks, batch, batch["images"]) if self.game.pairs else None
        terms = self.game.generator(on_real, self._judged(networks, batch, fake))
        return {**terms, "l1": self.l1_weight * F.l1_loss(fake.float(), batch["images"])} if self.l1_weight else terms

    def update(self, player: str, networks: Networks) -> None:
        """Nothing in this game moves without a gradient."""

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """On pairs nobody trained on: the distance on [-1, 1] of the translations, unweighted, and of the inputs where
        they compare.
        """
        inputs, images = batch["inputs"], batch["images"]
        terms = {"l1": F.l1_loss(networks["generator"](inputs).float(), images)}
        return {**terms, "l1_of_inputs": F.l1_loss(inputs, images)} if inputs.shape == images.shape else terms

    def _trained_on(self, batch: Batch) -> Batch:
        return (
            batch
            if self._moved is None
            else dict(zip(("inputs", "images"), self._moved(batch["inputs"], batch["images"]), strict=True))
        )

    def _judged(self, networks: Networks, batch: Batch, images: torch.Tensor) -> torch.Tensor:
        """The logits of all patches: float32 [N h w]."""
        return networks["discriminator"](batch["inputs"], images).float().flatten()
