"""Regularizers of GANs. Each adds terms to the updates, and knows nothing of the loss nor of the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import nn

from ..losses.regularization import around, between, consistency, lecam, one_centered, orthogonality, zero_centered
from .base import Batch, Networks, Terms, conditions_of

if TYPE_CHECKING:
    from .adversarial import Adversarial

Images = torch.Tensor  # float [N, C, H, W]
EPS = 1e-5
POINTS: dict[str, Callable[[Images, Images], Images]] = {"between": between, "dragan": lambda real, fake: around(real)}


class Context(NamedTuple):
    """One micro-batch of an update, as regularizers see it."""

    objective: Adversarial
    networks: Networks
    batch: Batch
    latents: torch.Tensor
    real: Images  # as the discriminator saw them; in the generator's update as they are in the data
    fake: Images  # likewise; in the generator's update as they were generated
    real_logits: torch.Tensor | None  # float32 [N]; None in the generator's update, unless its loss is paired
    fake_logits: torch.Tensor

    def discriminate(self, images: Images) -> torch.Tensor:
        """Logits [N] of images under this micro-batch's conditions, as the objective takes them."""
        return self.objective.logits(self.networks, images, self.batch)[0]

    def generate(self, latents: torch.Tensor) -> Images:
        """Images of latents under this micro-batch's conditions."""
        generator = self.networks["generator"]
        return generator(latents, **conditions_of(generator, self.batch))


class Regularizer(nn.Module):
    """Adds terms to the update of one player or of both.

    Buffers are saved and resumed; one called `gathered` is zero before each update and summed over all processes after
    it (see `Objective`).
    """

    def discriminator(self, context: Context) -> Terms:
        """Terms of the discriminator's update."""
        return {}

    def generator(self, context: Context) -> Terms:
        """Terms of the generator's update."""
        return {}

    def select(self, fake_logits: torch.Tensor) -> torch.Tensor:
        """Those of the logits, float [N], that the generator learns from."""
        return fake_logits

    def update(self, player: str, networks: Networks) -> None:
        """Called once after each update of `player`."""

    def measured(self) -> dict[str, float]:
        """Numbers for each line of the log that are no losses, `group/name`."""
        return {}


class CountingRegularizer(Regularizer):
    """Counts the updates of the discriminator in the buffer `updates`."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))

    def update(self, player: str, networks: Networks) -> None:
        if player == "discriminator":
            self.updates += 1


class ZeroCenteredPenalty(CountingRegularizer):
    """gamma / 2 E[|grad D|^2] at real images (R1) or fakes (R2) (arXiv:1801.04406, eq. 9).

    every: computed in one of so many updates and multiplied by that number instead (arXiv:1912.04958, section 3.1).
    schedule: the factor on gamma, of the number of updates of the discriminator so far.
    """

    def __init__(
        self,
        gamma: float,
        *,
        on: str,
        every: int = 1,
        schedule: Callable[[torch.Tensor], torch.Tensor | float] = lambda updates: 1.0,
    ) -> None:
        super().__init__()
        if on not in ("real", "fake") or every < 1 or gamma < 0:
            raise ValueError(
                f"on={on} must be real or fake, gamma={gamma} at least 0 and penalty_every={every} at least 1"
            )
        self.gamma, self.on, self.every, self.schedule = gamma, on, every, schedule

    def discriminator(self, context: Context) -> Terms:
        name, images = ("r1", context.real) if self.on == "real" else ("r2", context.fake)
        if self.updates % self.every:
            return {name: images.new_zeros(())}
        weight = self.every * self.gamma * self.schedule(self.updates)
        return {name: weight * zero_centered(context.discriminate, images)}


class GradientPenalty(Regularizer):
    """weight E[(|grad D| - 1)^2] (arXiv:1704.00028), `between` real and fake images or around real ones (`dragan`)."""

    def __init__(self, weight: float, *, points: str = "between", one_sided: bool = False) -> None:
        super().__init__()
        if points not in POINTS:
            raise ValueError(f"gradient_penalty_points={points!r} is not known; use one of {', '.join(POINTS)}")
        if weight <= 0:
            raise ValueError(f"gradient_penalty={weight} must be above 0, or 0 for none")
        self.weight, self.points, self.one_sided = weight, points, one_sided

    def discriminator(self, context: Context) -> Terms:
        points = POINTS[self.points](context.real, context.fake)
        return {"gradient_penalty": self.weight * one_centered(context.discriminate, points, one_sided=self.one_sided)}


class WeightClipping(Regularizer):
    """Every parameter of the discriminator stays within [-limit, limit] (arXiv:1701.07875, algorithm 1)."""

    def __init__(self, limit: float) -> None:
        super().__init__()
        if limit <= 0:
            raise ValueError(f"weight_clipping={limit} must be above 0, or none")
        self.limit = limit

    @torch.no_grad()
    def update(self, player: str, networks: Networks) -> None:
        for parameter in networks["discriminator"].parameters() if player == "discriminator" else ():
            parameter.clamp_(-self.limit, self.limit)


class Follow(Regularizer):
    """Moves an augmentation that holds state: it `observe`s logits on real images, `move`s once after each update of
    the discriminator, and the log has what is `measured` of it.
    """

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.part = part

    def discriminator(self, context: Context) -> Terms:
        self.part.observe(context.real_logits)
        return {}

    def update(self, player: str, networks: Networks) -> None:
        if player == "discriminator":
            self.part.move()

    def measured(self) -> dict[str, float]:
        return self.part.measured()


class LeCam(CountingRegularizer):
    """weight times `losses.regularization.lecam`; anchors are running means of the logits, which move once an update
    (arXiv:2104.03310).
    """

    def __init__(self, weight: float, decay: float = 0.99) -> None:
        super().__init__()
        self.weight, self.decay = weight, decay
        self.register_buffer("anchors", torch.zeros(2))  # of real and fake images
        self.register_buffer("gathered", torch.zeros(3), persistent=False)  # sums on real and fake, number of images

    def discriminator(self, context: Context) -> Terms:
        real, fake = context.real_logits, context.fake_logits
        with torch.no_grad():
            self.gathered += torch.stack([real.sum(), fake.sum(), torch.ones_like(real).sum()])
        if self.updates == 0:
            return {"lecam": real.new_zeros(())}
        return {"lecam": self.weight * lecam(real, fake, *self.anchors.clone())}

    @torch.no_grad()
    def update(self, player: str, networks: Networks) -> None:
        if player == "discriminator":
            means = self.gathered[:2] / self.gathered[2]
            self.anchors.copy_(means if self.updates == 0 else self.anchors.lerp(means, 1 - self.decay))
        super().update(player, networks)


class Consistency(Regularizer):
    """Logits change little when images are augmented: real ones (CR, arXiv:1910.12027) and fakes (bCR,
    arXiv:2002.04724, algorithm 1).
    """

    def __init__(self, augment: Callable[[Images], Images], *, real: float = 0.0, fake: float = 0.0) -> None:
        super().__init__()
        self.augment, self.real, self.fake = augment, real, fake

    def discriminator(self, context: Context) -> Terms:
        terms = {}
        if self.real:
            augmented = context.discriminate(self.augment(context.real)).float()
            terms["consistency_real"] = self.real * consistency(context.real_logits, augmented)
        if self.fake:
            augmented = context.discriminate(self.augment(context.fake)).float()
            terms["consistency_fake"] = self.fake * consistency(context.fake_logits, augmented)
        return terms


class LatentConsistency(Regularizer):
    """At latents a little apart, logits are close and images differ (zCR, arXiv:2002.04724, algorithm 2)."""

    def __init__(self, *, consistency: float, spread: float, sigma: float) -> None:
        super().__init__()
        self.consistency, self.spread, self.sigma = consistency, spread, sigma

    def discriminator(self, context: Context) -> Terms:
        if not self.consistency:
            return {}
        with torch.no_grad():
            near = context.generate(self._near(context.latents))
        logits = context.discriminate(context.objective.augment(near)).float()
        return {"consistency_latents": self.consistency * consistency(context.fake_logits, logits)}

    def generator(self, context: Context) -> Terms:
        if not self.spread:
            return {}
        near = context.generate(self._near(context.latents))
        return {"spread": -self.spread * (context.fake.float() - near.float()).square().mean()}

    def _near(self, latents: torch.Tensor) -> torch.Tensor:
        return latents + self.sigma * torch.randn_like(latents)


class ModeSeeking(Regularizer):
    """weight over the mean distance of images to the mean distance of their latents, both under the same conditions
    (arXiv:1903.05628, eq. 3): the generator has to use its latents. The other latents are the next ones of the batch.
    """

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = weight

    def generator(self, context: Context) -> Terms:
        if len(context.latents) < 2:
            return {"mode_seeking": context.latents.new_zeros(())}
        others = context.latents.roll(1, 0)
        images = (context.fake.float() - context.generate(others).float()).abs().mean()
        latents = (context.latents - others).float().abs().mean()
        return {"mode_seeking": self.weight / (images / latents + EPS)}


class Orthogonal(Regularizer):
    """weight times `losses.regularization.orthogonality` of all weights with two or more dimensions, of each network in
    its own update.
    """

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = weight

    def discriminator(self, context: Context) -> Terms:
        return self._of(context.networks["discriminator"])

    def generator(self, context: Context) -> Terms:
        return self._of(context.networks["generator"])

    def _of(self, network: nn.Module) -> Terms:
        return {"orthogonal": self.weight * orthogonality(p.float() for p in network.parameters() if p.dim() > 1)}


class TopK(CountingRegularizer):
    """The generator learns from the fakes with the highest logits only (arXiv:2002.06224, section 3).

    Of each micro-batch, the share `share ** min(1, t / last)` after t updates of the discriminator: from all of it to
    `share` of it.
    """

    def __init__(self, share: float, updates: int) -> None:
        super().__init__()
        if not 0 < share <= 1 or updates < 1:
            raise ValueError(
                f"top_k={share} must be above 0 and at most 1, and be reached after at least one update, not {updates}"
            )
        self.share, self.last = share, updates

    def select(self, fake_logits: torch.Tensor) -> torch.Tensor:
        share = self.share ** min(1.0, self.updates.item() / self.last)
        return fake_logits.topk(max(1, round(share * len(fake_logits)))).values
