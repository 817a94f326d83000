"""What steadies any adversarial recipe, as fields, and which of these cannot go together. docs/CURES.md has the same
table.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import nn

from ..layers.ada import AdaptiveAugment, RisingAugment, mirror
from ..layers.diff_augment import diff_augment, translation
from ..layers.instance_noise import InstanceNoise
from ..objectives.cures import Consistency, Follow, LatentConsistency, LeCam
from ..objectives.games import Game, game_named
from ..objectives.regularizers import GradientPenalty, Regularizer, WeightClipping, ZeroCentredPenalty
from ..objectives.selection import Orthogonal, TopK, smoothed

Change = Callable[[torch.Tensor], torch.Tensor]
Course = Callable[[torch.Tensor], torch.Tensor]  # what a number is, of how many updates or images there were


class Refused(NamedTuple):
    """Two settings that cannot go together: each a field that is in use, or `field=value`."""

    one: str
    other: str
    why: str


SLOPES = "torch.compile has no second derivatives"
UNSURE = "the sign of a logit says nothing of how sure this game's discriminator is"
REFUSED = (
    Refused("compile", "r1", SLOPES),
    Refused("compile", "r2", SLOPES),
    Refused("compile", "gradient_penalty", SLOPES),
    Refused("ada", "augment", "both make the same changes, with probabilities of their own; use one of them"),
    Refused("ada", "diff_augment", "the probability would answer to changes that are always there; use one of them"),
    Refused("ada", "game=wasserstein", UNSURE),
    Refused("ada", "game=relativistic", UNSURE),
    Refused("ada", "game=least_squares", UNSURE),
    Refused("label_smoothing", "game=hinge", "this game has margins and no labels"),
    Refused("label_smoothing", "game=wasserstein", "this game has scores and no labels"),
    Refused("label_smoothing", "game=relativistic", "this game has pairs and no labels"),
    Refused(
        "top_k",
        "game=relativistic",
        "a fake's own logit does not say how real it is; only its distance to a real image's does",
    ),
    Refused(
        "spectral_norm",
        "weight_clipping",
        "the norm divides by the size of the weights, so that clipping does not bound the slope",
    ),
    Refused(
        "lecam", "game=relativistic", "only distances of logits count in this game, and lecam would tie them to numbers"
    ),
)
OFF = {"top_k": 1.0}  # of the other fields: none, zero or false
SHARES = (
    "label_smoothing",
    "lecam",
    "orthogonal",
    "consistency_real",
    "consistency_fake",
    "consistency_latents",
    "latent_spread",
)


@dataclass(frozen=True, kw_only=True)
class Cures:
    """Fields of every adversarial recipe."""

    spectral_norm: bool = False  # divide each weight of the discriminator by its largest singular value
    minibatch_std: bool = False  # tell the discriminator how much the images of a group differ
    ada: str | None = None  # change images with a probability that adapts: blit, geometry, color, joined with commas
    ada_target: float = (
        0.6  # how sure of real images the discriminator may be, as the mean sign of its logits, before more are changed
    )
    ada_images: int = 500_000  # images in which the probability could go from 0 to 1
    augment: str | None = (
        None  # the same changes or cutout, with a probability that rises to the next; color:0.5 has half of it
    )
    augment_probability: float = 0.5  # from the end of the burn-in on
    burn_in_images: int = (
        0  # in which it rises from zero, and the next two go from their first values to their last, on half a cosine
    )
    penalty_decay: float = 1.0  # the part of r1 and r2 that is left in the end
    final_adam_beta2: float | None = None  # none: as adam_beta2
    lecam: float = 0.0  # weight of the distance of logits to the running means of the other side's
    consistency_real: float = (
        0.0  # weight of the change of a real image's logit when it is shifted (CR; with flip also mirrored)
    )
    consistency_fake: float = 0.0  # the same on fakes (bCR)
    consistency_latents: float = 0.0  # the same on fakes of latents a little apart (zCR)
    latent_spread: float = 0.0  # weight with which the generator is to make different images of these
    latent_noise: float = 0.05  # standard deviation of the distance of these latents
    instance_noise: float = (
        0.0  # standard deviation of noise on all images that the discriminator sees, on [-1, 1]; it fades
    )
    instance_noise_images: int | None = None  # until the noise is gone; none: the whole run
    label_smoothing: float = 0.0  # real images are to be taken for real with one minus this probability
    orthogonal: float = 0.0  # weight of the products of different rows of each weight, of both networks
    top_k: float = (
        1.0  # the share of the fakes, those with the highest logits, that the generator learns from in the end
    )
    top_k_images: int | None = None  # until the share is that small; none: half the run
    discriminator_learning_rate: float | None = None  # none: as learning_rate

    def check_cures(self) -> None:
        """Raise `ValueError` for numbers that cannot be, and for pairs that cannot go together."""
        for name in SHARES:
            self._require(name, getattr(self, name) >= 0, "must be at least 0")
        for name in (
            "ada_images",
            "instance_noise_images",
            "top_k_images",
            "discriminator_learning_rate",
            "latent_noise",
        ):
            self._require(name, getattr(self, name) is None or getattr(self, name) > 0, "must be above 0")
        self._require(
            "label_smoothing",
            self.label_smoothing < 0.5,
            "must be below 0.5: above it real images would be taken for fakes",
        )
        self._require("top_k", 0 < self.top_k <= 1, "must be above 0 and at most 1")
        self._require("ada_target", -1 < self.ada_target < 1, "must be between -1 and 1")
        self._require("augment_probability", 0 < self.augment_probability <= 1, "must be above 0 and at most 1")
        self._require("burn_in_images", self.burn_in_images >= 0, "must be at least 0")
        self._require("penalty_decay", 0 < self.penalty_decay <= 1, "must be above 0 and at most 1")
        self._require(
            "penalty_decay",
            self.penalty_decay == 1 or self.burn_in_images,
            "needs burn_in_images above 0, in which to fall",
        )
        beta2 = self.final_adam_beta2
        self._require("final_adam_beta2", beta2 is None or 0 <= beta2 < 1, "must be at least 0 and below 1, or none")
        self._require(
            "final_adam_beta2",
            beta2 is None or self.burn_in_images,
            "needs burn_in_images above 0, in which to move there",
        )
        self._require("instance_noise", self.instance_noise >= 0, "must be at least 0")
        for one, other, why in REFUSED:
            if self._uses(one) and self._uses(other):
                raise ValueError(f"{self._written(one)} cannot go with {self._written(other)}: {why}")

    def _uses(self, setting: str) -> bool:
        name, _, value = setting.partition("=")
        given = getattr(self, name)
        return given == value if value else bool(given) and given != OFF.get(name)

    def _written(self, setting: str) -> str:
        name = setting.partition("=")[0]
        return f"{name}={getattr(self, name)}"

    def _updates(self, images: int | None, otherwise: float) -> int:
        """Updates of the discriminator in so many images, or in that part of the run."""
        return max(1, round((images or otherwise * self.images) / self.batch_size))

    def _course(self, begin: float, end: float) -> Course:
        """From `begin` to `end` in the updates of the burn-in."""
        return half_cosine(begin, end, self.burn_in_images / self.batch_size)

    def game_as_played(self) -> Game:
        """The game, with smoothed labels."""
        game = game_named(self.game)
        return smoothed(game, self.game, self.label_smoothing) if self.label_smoothing else game

    def augmentations(self) -> list[Change]:
        """What changes every image that the discriminator sees, in this order."""
        chosen: list[Change] = [diff_augment(self.diff_augment)] if self.diff_augment else []
        if self.ada:
            adaptive = {"target": self.ada_target, "images": self.ada_images, "batch_size": self.batch_size}
            chosen.append(AdaptiveAugment(self.ada, **adaptive))
        if self.augment:
            chosen.append(RisingAugment(self.augment, self._course(0, self.augment_probability)))
        if self.instance_noise:
            chosen.append(InstanceNoise(self.instance_noise, self._updates(self.instance_noise_images, 1)))
        return chosen

    def penalties(self) -> list[Regularizer]:
        """The penalties of the discriminator whose weights are not zero."""
        zero_centred = [("real", self.r1), ("fake", self.r2)]
        course = self._course(1, self.penalty_decay)
        chosen = [
            ZeroCentredPenalty(gamma, on=on, every=self.penalty_every, course=course)
            for on, gamma in zero_centred
            if gamma
        ]
        if self.gradient_penalty:
            chosen.append(
                GradientPenalty(self.gradient_penalty, points=self.gradient_penalty_points, one_sided=self.one_sided)
            )
        if self.weight_clipping is not None:
            chosen.append(WeightClipping(self.weight_clipping))
        return chosen

    def steadying(self) -> list[Regularizer]:
        """The other regularizers that are in use."""
        chosen: list[Regularizer] = [LeCam(self.lecam)] if self.lecam else []
        if self.consistency_real or self.consistency_fake:
            change = moved_and_mirrored if self.flip else translation
            chosen.append(Consistency(change, real=self.consistency_real, fake=self.consistency_fake))
        if self.consistency_latents or self.latent_spread:
            weights = {"judged": self.consistency_latents, "spread": self.latent_spread}
            chosen.append(LatentConsistency(**weights, sigma=self.latent_noise))
        if self.orthogonal:
            chosen.append(Orthogonal(self.orthogonal))
        if self.top_k < 1:
            chosen.append(TopK(self.top_k, self._updates(self.top_k_images, 0.5)))
        return chosen

    def cured_game(self) -> dict[str, object]:
        """Game, regularizers and augmentation of the objective."""
        changes = self.augmentations()
        followed = [Follow(part) for part in changes if isinstance(part, nn.Module)]
        regularizers = [*self.penalties(), *self.steadying(), *followed]
        return {
            "game": self.game_as_played(),
            "regularizers": regularizers,
            "augment": partial(in_turn, changes) if changes else None,
        }

    def cured(self, networks: dict[str, nn.Module]) -> dict[str, nn.Module]:
        """The networks with a discriminator as these fields want it, which notes how to read its logits."""
        discriminator = networks["discriminator"]
        discriminator.register_to_config(boundary=self.game_as_played().boundary)
        placed = not self.minibatch_std or discriminator.config.get("minibatch_std", False)
        self._require("minibatch_std", placed, "cannot be used: this family's discriminator has no place for it")
        if self.spectral_norm:
            free = discriminator.normalize_spectrally()
            self._require("spectral_norm", free, "changes nothing: this family's discriminator has it already")
        return networks

    def player_optimizer(self, name: str, optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
        """A player's optimizer, at its own learning rate."""
        for group in optimizer.param_groups if name == "discriminator" and self.discriminator_learning_rate else ():
            group["lr"] = self.discriminator_learning_rate
        return optimizer

    def tune(self, optimizer: torch.optim.Optimizer, images: int) -> None:
        super().tune(optimizer, images)
        for group in optimizer.param_groups if self.final_adam_beta2 is not None else ():
            course = half_cosine(self.adam_beta2, self.final_adam_beta2, self.burn_in_images)
            group["betas"] = (group["betas"][0], course(torch.tensor(images)).item())


def half_cosine(begin: float, end: float, length: float) -> Course:
    """A course from `begin` at 0 to `end` at `length`, where it stays; where there is no length, it is `end` from the
    start.
    """

    def course(at: torch.Tensor) -> torch.Tensor:
        progress = (at / length).clamp(max=1) if length else torch.ones_like(at)
        return end + (begin - end) * (1 + torch.cos(math.pi * progress)) / 2

    return course


def in_turn(changes: list[Change], images: torch.Tensor) -> torch.Tensor:
    """One change after the other."""
    for change in changes:
        images = change(images)
    return images


def moved_and_mirrored(images: torch.Tensor) -> torch.Tensor:
    """Shifted by up to an eighth, and mirrored in half of the cases."""
    return mirror(translation(images), torch.ones((), device=images.device))
