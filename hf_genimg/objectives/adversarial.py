"""Two players: a discriminator that tells real from fake, a generator that fools it (arXiv:1406.2661)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

from ._judging import Batch, Judging, Labels, Networks
from .games import Game, Terms
from .regularizers import Regularizer


class Adversarial(Judging):
    """A game between the networks `generator` and `discriminator`, composed of parts that do not know each other.

    A round is `n_critic` turns of the discriminator and one of the generator, which plays on the latents of the
    discriminator's last turn: where memory allows, on the very images, so that the generator runs once for both. Real
    and fake images are seen in two passes, so that batch norm never mixes them. Where the batch has `labels`, fakes are
    made of the classes of its real images and both networks are told: so classes come as often as in the data, and a
    pair, or a line from a real image to a fake, has one class. `regularizers` add terms to the turns; what they are
    given as the discriminator knows the classes already. `augment` is applied, differentiably, to every image that the
    discriminator sees: float [N, C, H, W] to the same. Losses are taken in float32.
    """

    def __init__(
        self,
        game: Game,
        regularizers: Sequence[Regularizer] = (),
        augment: Callable[[torch.Tensor], torch.Tensor] | None = None,
        n_critic: int = 1,
        labelled: bool = False,  # batches have labels
    ) -> None:
        super().__init__()
        if not 1 <= n_critic <= 100:  # a run is saved and stopped between rounds, so a round must not take for ever
            raise ValueError(
                f"n_critic={n_critic} must be from 1 to 100: the discriminator's turns for each turn of the generator"
            )
        self.game, self.regularizers = game, nn.ModuleList(regularizers)
        self._matched = (
            game.pairs and labelled
        )  # a fake is judged against a real image of its class, so it is made anew
        self.augment = augment or (lambda images: images)
        self.players = ("discriminator",) * n_critic + ("generator",)
        self.kept: frozenset[str] = frozenset()  # the networks whose forward of this turn serves the next player's too
        self._played: list[
            tuple[torch.Tensor, Labels, torch.Tensor]
        ] = []  # the last turn's latents, labels and fakes, by micro-batch

    def begin(self, turn: int, single: bool) -> None:
        """Called by the loop before each turn; `single`: of one micro-batch, without dropout, so that its graph can
        wait for the next.
        """
        if self.players[turn] == "discriminator":
            self._played.clear()
        before_generator = self.players[turn : turn + 2] == ("discriminator", "generator")
        self.kept = frozenset({"generator"}) if single and before_generator and not self._matched else frozenset()

    def discriminator(self, networks: Networks, batch: Batch) -> Terms:
        """The discriminator's terms on `batch["images"]`, float [N, C, H, W] in [-1, 1], and as many fakes."""
        labels, generator = self.labels(networks, batch), networks["generator"]
        latents = generator.sample_latents(len(batch["images"]))
        with torch.set_grad_enabled(bool(self.kept)):
            fake = generator(latents, labels)
        self._played.append((latents, labels, fake))
        real, fake = self.augment(batch["images"]), self.augment(fake.detach())
        on_real, extra = self.judged(networks, real, labels, None)
        on_fake, more = self.judged(networks, fake, labels, latents)
        terms = self.game.discriminator(on_real, on_fake) | extra | more
        play = self.play(networks, labels, latents, real, fake, on_real, on_fake)
        for regularizer in self.regularizers:
            terms |= regularizer(play.judge, real, fake) | regularizer.judged(play)
        return terms

    def generator(self, networks: Networks, batch: Batch) -> Terms:
        """The generator's terms on as many fakes as there are images in the batch."""
        generator, own = networks["generator"], self.labels(networks, batch)
        latents, labels, fake = (
            self._played.pop(0) if self._played else (generator.sample_latents(len(batch["images"])), own, None)
        )
        labels = own if self._matched else labels
        fake = fake if fake is not None and fake.requires_grad else generator(latents, labels)
        on_fake, extra = self.judged(networks, self.augment(fake), labels, latents)
        on_real = self.judged(networks, self.augment(batch["images"]), labels, None)[0] if self.game.pairs else None
        play = self.play(networks, labels, latents, batch["images"], fake, on_real, on_fake)
        for regularizer in self.regularizers:
            on_fake, extra = regularizer.select(on_fake), extra | regularizer.generated(play)
        return self.game.generator(on_real, on_fake) | extra

    def update(self, player: str, networks: Networks) -> None:
        """Called by the loop once after each update of `player`."""
        for regularizer in self.regularizers if player == "discriminator" else ():
            regularizer.update(networks["discriminator"])

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """The game's terms on images the discriminator never trained on: `real` far above its value in training means
        overfitting.
        """
        labels, latents = self.labels(networks, batch), networks["generator"].sample_latents(len(batch["images"]))
        on_fake = self.judged(networks, networks["generator"](latents, labels), labels, latents)[0]
        return self.game.discriminator(self.judged(networks, batch["images"], labels, None)[0], on_fake)
