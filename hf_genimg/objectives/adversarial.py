"""GAN objective: a discriminator learns to tell real images from fakes, a generator to fool it (arXiv:1406.2661)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

from ..losses.adversarial import GANLoss
from .base import Batch, Networks, Objective, Step, Terms, conditions_of
from .regularizers import Context, Regularizer


class Adversarial(Objective):
    """A GAN loss between the networks `generator` and `discriminator`, composed of parts that do not know each other.

    A training step is `n_critic` updates of the discriminator and one of the generator, which learns from the latents
    of the discriminator's last update: where memory allows, from the very images, so that the generator runs once for
    both. Real and fake images are seen in two passes, so that batch norm never mixes them. Fakes have the conditions
    (classes, text) of the batch's real images, so these come as often as in the data. Losses are taken in float32.

    loss: see `losses.adversarial`. regularizers: add terms to the updates. augment: applied, differentiably, to every
    image that the discriminator sees: float32 [N, C, H, W] to the same, also where fakes are computed in bf16, whose
    rounding in resampling and colours would tell them from real images. conditional: batches have conditions, so that a
    paired loss compares images of one condition.
    """

    def __init__(
        self,
        loss: GANLoss,
        regularizers: Sequence[Regularizer] = (),
        augment: Callable[[torch.Tensor], torch.Tensor] | None = None,
        n_critic: int = 1,
        conditional: bool = False,
    ) -> None:
        super().__init__()
        if not 1 <= n_critic <= 100:  # a run is saved and stopped between training steps, so one must not take for ever
            raise ValueError(
                f"n_critic={n_critic} must be from 1 to 100: discriminator updates for each of the generator"
            )
        self.loss, self.regularizers = loss, nn.ModuleList(regularizers)
        self._matched = loss.paired and conditional  # the generator's fakes are then made for its own batch
        self.augment = (lambda images: augment(full_precision(images))) if augment else (lambda images: images)
        self.players = ("discriminator",) * n_critic + ("generator",)
        self._fakes: list[
            tuple[torch.Tensor, Batch, torch.Tensor]
        ] = []  # latents, batch and images of each micro-batch

    def begin(self, step: Step) -> None:
        super().begin(step)
        if step.player == "discriminator" and step.offset == 0:
            self._fakes.clear()

    @property
    def shared(self) -> frozenset[str]:
        last = self.step.turn == len(self.players) - 2
        return frozenset({"generator"}) if last and self.step.reuse and not self._matched else frozenset()

    def prepared(self, batch: Batch) -> Batch:
        """The batch with the conditions that the objective makes itself."""
        return batch

    def logits(
        self, networks: Networks, images: torch.Tensor, batch: Batch, latents: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, Terms]:
        """The discriminator's logits, float32 [N], and further terms. latents: of fake images; None for real ones."""
        discriminator = networks["discriminator"]
        return discriminator(images, **conditions_of(discriminator, batch)).float(), {}

    def real_logits(self, networks: Networks, images: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, Terms]:
        """`logits` of the real images of a discriminator's update, and the terms that come once in it."""
        return self.logits(networks, images, batch)

    def generate(self, generator: nn.Module, latents: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Fake images of latents, under the conditions of the batch."""
        return generator(latents, **conditions_of(generator, batch))

    def detached(self, fake: torch.Tensor) -> torch.Tensor:
        """Fake images for the discriminator's update: without gradient."""
        return fake.detach()

    def opposed(self, networks: Networks, batch: Batch, latents: torch.Tensor, fake: torch.Tensor) -> Networks:
        """The networks, with the discriminator that the generator learns from: by default the one that there is."""
        return networks

    def discriminator(self, networks: Networks, batch: Batch) -> Terms:
        """The discriminator's terms on `batch["images"]`, float [N, C, H, W] in [-1, 1], and as many fakes."""
        batch, generator = self.prepared(batch), networks["generator"]
        latents = generator.sample_latents(len(batch["images"]))
        with torch.set_grad_enabled("generator" in self.shared):
            fake = self.generate(generator, latents, batch)
        self._fakes.append((latents, batch, fake))
        real, fake = self.augment(batch["images"]), self.augment(self.detached(fake))
        real_logits, real_terms = self.real_logits(networks, real, batch)
        fake_logits, fake_terms = self.logits(networks, fake, batch, latents)
        terms = self.loss.discriminator(real_logits, fake_logits) | real_terms | fake_terms
        context = Context(self, networks, batch, latents, real, fake.detach(), real_logits, fake_logits)
        for regularizer in self.regularizers:
            terms |= regularizer.discriminator(context)
        return terms

    def generator(self, networks: Networks, batch: Batch) -> Terms:
        """The generator's terms on as many fakes as there are images in the batch."""
        batch, generator = self.prepared(batch), networks["generator"]
        latents, fake_batch, fake = self._fakes.pop(0) if self._fakes else (None, batch, None)
        latents = generator.sample_latents(len(batch["images"])) if latents is None else latents
        batch = batch if self._matched else {**fake_batch, "images": batch["images"]}
        if fake is None or not fake.requires_grad:
            fake = self.generate(generator, latents, batch)
        networks = self.opposed(networks, batch, latents, fake)
        fake_logits, terms = self.logits(networks, self.augment(fake), batch, latents)
        real_logits = self.logits(networks, self.augment(batch["images"]), batch)[0] if self.loss.paired else None
        context = Context(self, networks, batch, latents, batch["images"], fake, real_logits, fake_logits)
        for regularizer in self.regularizers:
            fake_logits, terms = regularizer.select(fake_logits), terms | regularizer.generator(context)
        return self.loss.generator(real_logits, fake_logits) | terms

    def update(self, player: str, networks: Networks) -> None:
        for regularizer in self.regularizers:
            regularizer.update(player, networks)

    def measured(self, networks: Networks) -> dict[str, float]:
        return {name: value for each in self.regularizers for name, value in each.measured().items()}

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """The discriminator's loss on images it never trained on: `real` far above its training value means
        overfitting.
        """
        batch, generator = self.prepared(batch), networks["generator"]
        latents = generator.sample_latents(len(batch["images"]))
        fake = self.generate(generator, latents, batch)
        real_logits, fake_logits = (
            self.logits(networks, batch["images"], batch)[0],
            self.logits(networks, fake, batch, latents)[0],
        )
        return self.loss.discriminator(real_logits, fake_logits)


def full_precision(images: torch.Tensor) -> torch.Tensor:
    """Images in float32, or in float64 where they are."""
    return images.to(torch.promote_types(images.dtype, torch.float32))
