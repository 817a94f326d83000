"""Two players: a discriminator that tells real from fake, a generator that fools it (arXiv:1406.2661)."""

from __future__ import annotations

import torch
from torch import nn

from .games import Game, Terms


class Adversarial(nn.Module):
    """A game between the networks `generator` and `discriminator`.

    A round is `n_critic` turns of the discriminator and one of the generator. Latents are drawn anew in each turn; the discriminator sees
    real and fake images in two passes, so that batch norm never mixes them.
    """

    def __init__(self, game: Game, n_critic: int = 1) -> None:
        super().__init__()
        if n_critic < 1:
            raise ValueError(f"n_critic={n_critic} must be at least 1: the discriminator's turns for each turn of the generator")
        self.game = game
        self.players = ("discriminator",) * n_critic + ("generator",)

    def discriminator(self, networks: dict[str, nn.Module], batch: dict[str, torch.Tensor]) -> Terms:
        """The discriminator's terms on `batch["images"]`, float [N, C, H, W] in [-1, 1], and as many fakes."""
        images = batch["images"]
        with torch.no_grad():
            fakes = self._fakes(networks, len(images))
        return self.game.discriminator(networks["discriminator"](images), networks["discriminator"](fakes))

    def generator(self, networks: dict[str, nn.Module], batch: dict[str, torch.Tensor]) -> Terms:
        """The generator's terms on as many fakes as there are images in the batch."""
        fakes = self._fakes(networks, len(batch["images"]))
        return self.game.generator(networks["discriminator"](fakes))

    def held_out(self, networks: dict[str, nn.Module], batch: dict[str, torch.Tensor]) -> Terms:
        """The discriminator's terms on images it never trained on: `real` far above its value in training means overfitting."""
        return self.discriminator(networks, batch)

    def _fakes(self, networks: dict[str, nn.Module], num_images: int) -> torch.Tensor:
        generator = networks["generator"]
        return generator(generator.sample_latents(num_images))
