"""Stabilization of GAN training as fields of every adversarial recipe, and which of them cannot go together.

docs/stabilization.md has the same table.
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
from ..losses.adversarial import GANLoss, gan_loss
from ..objectives.regularizers import (
    Consistency,
    Follow,
    GradientPenalty,
    LatentConsistency,
    LeCam,
    ModeSeeking,
    Orthogonal,
    Regularizer,
    TopK,
    WeightClipping,
    ZeroCenteredPenalty,
)

Augment = Callable[[torch.Tensor], torch.Tensor]
Schedule = Callable[[torch.Tensor], torch.Tensor]  # of the number of updates or images so far


class Refused(NamedTuple):
    """Two settings that cannot go together: each a field that is in use, or `field=value`."""

    one: str
    other: str
    why: str


SECOND_DERIVATIVES = "torch.compile has no second derivatives"
UNSURE = "the sign of a logit does not measure how sure the discriminator is with this loss"
REFUSED = (
    Refused("compile", "r1", SECOND_DERIVATIVES),
    Refused("compile", "r2", SECOND_DERIVATIVES),
    Refused("compile", "gradient_penalty", SECOND_DERIVATIVES),
    Refused("ada", "augment", "both apply the same augmentations, with probabilities of their own; use one of them"),
    Refused("ada", "diff_augment", "the probability would respond to augmentations that never stop; use one of them"),
    Refused("ada", "loss=wasserstein", UNSURE),
    Refused("ada", "loss=relativistic", UNSURE),
    Refused("ada", "loss=least_squares", UNSURE),
    Refused("label_smoothing", "loss=hinge", "this loss has margins and no labels"),
    Refused("label_smoothing", "loss=jittered_hinge", "this loss has margins and no labels"),
    Refused("label_smoothing", "loss=wasserstein", "this loss has scores and no labels"),
    Refused("label_smoothing", "loss=relativistic", "this loss has pairs and no labels"),
    Refused("top_k", "loss=relativistic", "a fake is only compared to a real image; its own logit has no meaning"),
    Refused(
        "spectral_norm", "weight_clipping", "the norm divides by the size of the weights, so clipping bounds nothing"
    ),
    Refused(
        "lecam", "loss=relativistic", "only differences of logits count in this loss, and lecam ties them to numbers"
    ),
)
OFF = {"top_k": 1.0}  # of the other fields: none, zero or false
WEIGHTS = (
    "label_smoothing",
    "lecam",
    "orthogonal",
    "consistency_real",
    "consistency_fake",
    "consistency_latents",
    "latent_spread",
    "mode_seeking",
)


@dataclass(frozen=True, kw_only=True)
class Stabilization:
    """Fields of every adversarial recipe."""

    spectral_norm: bool = False  # divide each weight of the discriminator by its largest singular value
    minibatch_std: bool = False  # give the discriminator the standard deviation over groups of images
    ada: str | None = None  # adaptive discriminator augmentation: blit, geometry, color, joined with commas
    ada_target: float = 0.6  # mean sign of the logits on real images that ADA aims at
    ada_images: int = 500_000  # images in which ADA's probability could go from 0 to 1
    augment: str | None = None  # ADA's augmentations and cutout at a rising probability; color:0.5 has half of it
    augment_probability: float = 0.5  # from the end of the burn-in on
    burn_in_images: int = 0  # length of the cosine schedules of augment_probability, penalty_decay, final_adam_beta2
    penalty_decay: float = 1.0  # factor on r1 and r2 after the burn-in
    final_adam_beta2: float | None = None  # after the burn-in; none: as adam_beta2
    lecam: float = 0.0  # weight of the distance of logits to the running means of the other side's
    consistency_real: float = 0.0  # weight of consistency of real logits under shifts (CR; with flip also mirroring)
    consistency_fake: float = 0.0  # the same on fakes (bCR)
    consistency_latents: float = 0.0  # the same on fakes of latents a little apart (zCR)
    latent_spread: float = 0.0  # weight with which the generator makes images of these latents differ
    latent_noise: float = 0.05  # standard deviation of the distance of these latents
    mode_seeking: float = 0.0  # weight with which images of other latents differ, under the same class or text
    instance_noise: float = 0.0  # standard deviation of fading noise on all images that the discriminator sees
    instance_noise_images: int | None = None  # until the noise is gone; none: the whole run
    label_smoothing: float = 0.0  # real images have the label "real" with one minus this probability
    orthogonal: float = 0.0  # weight of orthogonal regularization, of both networks
    top_k: float = 1.0  # final share of the fakes, those with the highest logits, that the generator is trained on
    top_k_images: int | None = None  # until the share is that small; none: half the run
    discriminator_learning_rate: float | None = None  # none: as learning_rate

    def check_stabilization(self) -> None:
        """Raise `ValueError` for numbers out of range, and for pairs that cannot go together."""
        for name in WEIGHTS:
            self._require(name, getattr(self, name) >= 0, "must be at least 0")
        optional = (
            "ada_images",
            "instance_noise_images",
            "top_k_images",
            "discriminator_learning_rate",
            "latent_noise",
        )
        for name in optional:
            self._require(name, getattr(self, name) is None or getattr(self, name) > 0, "must be above 0")
        rule = "must be below 0.5: above it real images would have the label of fakes"
        self._require("label_smoothing", self.label_smoothing < 0.5, rule)
        self._require("top_k", 0 < self.top_k <= 1, "must be above 0 and at most 1")
        self._require("ada_target", -1 < self.ada_target < 1, "must be between -1 and 1")
        self._require("augment_probability", 0 < self.augment_probability <= 1, "must be above 0 and at most 1")
        self._require("burn_in_images", self.burn_in_images >= 0, "must be at least 0")
        self._require("penalty_decay", 0 < self.penalty_decay <= 1, "must be above 0 and at most 1")
        rule = "needs burn_in_images above 0, in which it changes"
        self._require("penalty_decay", self.penalty_decay == 1 or self.burn_in_images, rule)
        beta2 = self.final_adam_beta2
        self._require("final_adam_beta2", beta2 is None or 0 <= beta2 < 1, "must be at least 0 and below 1, or none")
        self._require("final_adam_beta2", beta2 is None or self.burn_in_images, rule)
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

    def _burn_in(self, begin: float, end: float) -> Schedule:
        """From `begin` to `end` in the updates of the burn-in."""
        return cosine_schedule(begin, end, self.burn_in_images / self.batch_size)

    def gan_loss(self) -> GANLoss:
        """The loss, with smoothed labels."""
        return gan_loss(self.loss, self.label_smoothing)

    def augmentations(self) -> list[Augment]:
        """What is applied to every image that the discriminator sees, in this order."""
        chosen: list[Augment] = [diff_augment(self.diff_augment)] if self.diff_augment else []
        if self.ada:
            adaptive = {"target": self.ada_target, "images": self.ada_images, "batch_size": self.batch_size}
            chosen.append(AdaptiveAugment(self.ada, **adaptive))
        if self.augment:
            chosen.append(RisingAugment(self.augment, self._burn_in(0, self.augment_probability)))
        if self.instance_noise:
            chosen.append(InstanceNoise(self.instance_noise, self._updates(self.instance_noise_images, 1)))
        return chosen

    def penalties(self) -> list[Regularizer]:
        """The penalties of the discriminator whose weights are not zero."""
        schedule = self._burn_in(1, self.penalty_decay)
        chosen: list[Regularizer] = [
            ZeroCenteredPenalty(gamma, on=on, every=self.penalty_every, schedule=schedule)
            for on, gamma in (("real", self.r1), ("fake", self.r2))
            if gamma
        ]
        if self.gradient_penalty:
            points = {"points": self.gradient_penalty_points, "one_sided": self.one_sided}
            chosen.append(GradientPenalty(self.gradient_penalty, **points))
        if self.weight_clipping is not None:
            chosen.append(WeightClipping(self.weight_clipping))
        return chosen

    def other_regularizers(self) -> list[Regularizer]:
        """The regularizers in use that are no penalties of gradients or weights."""
        chosen: list[Regularizer] = [LeCam(self.lecam)] if self.lecam else []
        if self.consistency_real or self.consistency_fake:
            change = shifted_and_mirrored if self.flip else translation
            chosen.append(Consistency(change, real=self.consistency_real, fake=self.consistency_fake))
        if self.consistency_latents or self.latent_spread:
            weights = {"consistency": self.consistency_latents, "spread": self.latent_spread}
            chosen.append(LatentConsistency(**weights, sigma=self.latent_noise))
        if self.mode_seeking:
            chosen.append(ModeSeeking(self.mode_seeking))
        if self.orthogonal:
            chosen.append(Orthogonal(self.orthogonal))
        if self.top_k < 1:
            chosen.append(TopK(self.top_k, self._updates(self.top_k_images, 0.5)))
        return chosen

    def adversarial_parts(self) -> dict[str, object]:
        """Loss, regularizers and augmentation of the objective."""
        augmentations = self.augmentations()
        followed = [Follow(part) for part in augmentations if isinstance(part, nn.Module)]
        regularizers = [*self.penalties(), *self.other_regularizers(), *followed]
        augment = partial(in_sequence, augmentations) if augmentations else None
        return {"loss": self.gan_loss(), "regularizers": regularizers, "augment": augment}

    def stabilized(self, networks: dict[str, nn.Module]) -> dict[str, nn.Module]:
        """The networks with a discriminator as these fields want it."""
        discriminator = networks["discriminator"]
        placed = not self.minibatch_std or discriminator.config.get("minibatch_std", False)
        rule = "cannot be used: this family's discriminator has no place for it"
        self._require("minibatch_std", placed, rule)
        if self.spectral_norm:
            free = discriminator.normalize_spectrally()
            self._require("spectral_norm", free, "changes nothing: this family's discriminator has it already")
        return networks

    def player_optimizer(self, name: str, optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
        """A player's optimizer, at its own learning rate."""
        own = self.discriminator_learning_rate if name == "discriminator" else None
        for group in optimizer.param_groups if own else ():
            group["lr"] = own
        return optimizer

    def tune(self, optimizer: torch.optim.Optimizer, images: int) -> None:
        super().tune(optimizer, images)
        for group in optimizer.param_groups if self.final_adam_beta2 is not None else ():
            schedule = cosine_schedule(self.adam_beta2, self.final_adam_beta2, self.burn_in_images)
            group["betas"] = (group["betas"][0], schedule(torch.tensor(images)).item())


def cosine_schedule(begin: float, end: float, length: float) -> Schedule:
    """From `begin` at 0 to `end` at `length`, where it stays; without a length it is `end` from the start."""

    def schedule(at: torch.Tensor) -> torch.Tensor:
        progress = (at / length).clamp(max=1) if length else torch.ones_like(at)
        return end + (begin - end) * (1 + torch.cos(math.pi * progress)) / 2

    return schedule


def in_sequence(augmentations: list[Augment], images: torch.Tensor) -> torch.Tensor:
    """One augmentation after the other."""
    for augment in augmentations:
        images = augment(images)
    return images


def shifted_and_mirrored(images: torch.Tensor) -> torch.Tensor:
    """Shifted by up to an eighth, and mirrored in half of the cases."""
    return mirror(translation(images), torch.ones((), device=images.device))
