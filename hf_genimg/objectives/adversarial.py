"""Two players: a discriminator that tells real from fake, a generator that fools it (arXiv:1406.2661)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

from .games import Game, Terms
from .regularizers import Regularizer

Networks = dict[str, nn.Module]
Batch = dict[str, torch.Tensor]


class Adversarial(nn.Module):
    """A game between the networks `generator` and `discriminator`, composed of parts that do not know each other.

    A round is `n_critic` turns of the discriminator and one of the generator, which plays on the latents of the discriminator's last turn:
    where memory allows, on the very images, so that the generator runs once for both. The discriminator sees real and fake images in two
    passes, so that batch norm never mixes them. `regularizers` add terms to the discriminator's turn. `augment`
    is applied, differentiably, to every image that the discriminator sees: float [N, C, H, W] to the same. Losses are taken in float32.
    """

    def __init__(
        self,
        game: Game,
        regularizers: Sequence[Regularizer] = (),
        augment: Callable[[torch.Tensor], torch.Tensor] | None = None,
        n_critic: int = 1,
    ) -> None:
        super().__init__()
        if not 1 <= n_critic <= 100:  # a run is saved and stopped between rounds, so a round must not take for ever
            raise ValueError(f"n_critic={n_critic} must be from 1 to 100: the discriminator's turns for each turn of the generator")
        self.game, self.regularizers = game, nn.ModuleList(regularizers)
        self.augment = augment or (lambda images: images)
        self.players = ("discriminator",) * n_critic + ("generator",)
        self.kept: frozenset[str] = frozenset()  # the networks whose forward of this turn serves the next player's too
        self._played: list[tuple[torch.Tensor, torch.Tensor]] = []  # the last turn's latents and fakes, by micro-batch

    def begin(self, turn: int, single: bool) -> None:
        """Called by the loop before each turn. single: it has one micro-batch here, so that one graph can wait for the next turn."""
        if self.players[turn] == "discriminator":
            self._played.clear()
        before_generator = self.players[turn : turn + 2] == ("discriminator", "generator")
        self.kept = frozenset({"generator"}) if single and before_generator else frozenset()

    def discriminator(self, networks: Networks, batch: Batch) -> Terms:
        """The discriminator's terms on `batch["images"]`, float [N, C, H, W] in [-1, 1], and as many fakes."""
        discriminator, generator = networks["discriminator"], networks["generator"]
        latents = generator.sample_latents(len(batch["images"]))
        with torch.set_grad_enabled(bool(self.kept)):
            fake = generator(latents)
        self._played.append((latents, fake))
        real, fake = self.augment(batch["images"]), self.augment(fake.detach())
        terms = self.game.discriminator(discriminator(real).float(), discriminator(fake).float())
        for regularizer in self.regularizers:
            terms |= regularizer(discriminator, real, fake)
        return terms

    def generator(self, networks: Networks, batch: Batch) -> Terms:
        """The generator's terms on as many fakes as there are images in the batch."""
        discriminator = networks["discriminator"]
        on_fake = discriminator(self.augment(self._fakes(networks["generator"], len(batch["images"])))).float()
        on_real = discriminator(self.augment(batch["images"])).float() if self.game.pairs else None
        return self.game.generator(on_real, on_fake)

    def update(self, player: str, networks: Networks) -> None:
        """Called by the loop once after each update of `player`."""
        if player == "discriminator":
            for regularizer in self.regularizers:
                regularizer.update(networks["discriminator"])

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """The game's terms on images the discriminator never trained on: `real` far above its value in training means overfitting."""
        discriminator = networks["discriminator"]
        latents = networks["generator"].sample_latents(len(batch["images"]))
        return self.game.discriminator(discriminator(batch["images"]), discriminator(networks["generator"](latents)))

    def _fakes(self, generator: nn.Module, num_images: int) -> torch.Tensor:
        """Fakes that the generator can learn from, of the latents that the discriminator saw last."""
        latents, fakes = self._played.pop(0) if self._played else (generator.sample_latents(num_images), None)
        return fakes if fakes is not None and fakes.requires_grad else generator(latents)
