"""What can be added to a discriminator's turn. Each knows nothing of the game, nor of the others."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from ..losses.penalties import around, between, one_centred, zero_centred
from ._regularizer import Play, Regularizer, Terms

__all__ = ["POINTS", "GradientPenalty", "Play", "Regularizer", "Terms", "WeightClipping", "ZeroCentredPenalty"]
POINTS: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "between": between,
    "dragan": lambda real, fake: around(real),
}


class ZeroCentredPenalty(Regularizer):
    """gamma / 2 E[|grad D|^2], at real images (R1) or fakes (R2) (arXiv:1801.04406, eq. 9).

    every: computed in one of so many updates and multiplied by that number instead (lazily, arXiv:1912.04958, section
    3.1).
    course: what gamma is multiplied with, of the number of updates of the discriminator so far.
    """

    def __init__(
        self,
        gamma: float,
        *,
        on: str,
        every: int = 1,
        course: Callable[[torch.Tensor], torch.Tensor | float] = lambda updates: 1.0,
    ) -> None:
        super().__init__()
        if on not in ("real", "fake") or every < 1 or gamma < 0:
            raise ValueError(
                f"on={on} must be real or fake, gamma={gamma} at least 0 and penalty_every={every} at least 1"
            )
        self.gamma, self.on, self.every, self.course = gamma, on, every, course
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))

    def forward(self, discriminator: nn.Module, real: torch.Tensor, fake: torch.Tensor) -> Terms:
        name, images = ("r1", real) if self.on == "real" else ("r2", fake)
        if self.updates % self.every:
            return {name: images.new_zeros(())}
        return {name: self.every * self.gamma * self.course(self.updates) * zero_centred(discriminator, images)}

    def update(self, discriminator: nn.Module) -> None:
        self.updates += 1


class GradientPenalty(Regularizer):
    """weight E[(|grad D| - 1)^2] (arXiv:1704.00028), `between` real and fake images or around real ones (`dragan`)."""

    def __init__(self, weight: float, *, points: str = "between", one_sided: bool = False) -> None:
        super().__init__()
        if points not in POINTS:
            raise ValueError(f"gradient_penalty_points={points!r} is not known; use one of {', '.join(POINTS)}")
        if weight <= 0:
            raise ValueError(f"gradient_penalty={weight} must be above 0, or 0 for none")
        self.weight, self.points, self.one_sided = weight, points, one_sided

    def forward(self, discriminator: nn.Module, real: torch.Tensor, fake: torch.Tensor) -> Terms:
        penalty = one_centred(discriminator, POINTS[self.points](real, fake), one_sided=self.one_sided)
        return {"gradient_penalty": self.weight * penalty}


class WeightClipping(Regularizer):
    """Every parameter of the discriminator stays within [-limit, limit] (arXiv:1701.07875, algorithm 1)."""

    def __init__(self, limit: float) -> None:
        super().__init__()
        if limit <= 0:
            raise ValueError(f"weight_clipping={limit} must be above 0, or none")
        self.limit = limit

    @torch.no_grad()
    def update(self, discriminator: nn.Module) -> None:
        for parameter in discriminator.parameters():
            parameter.clamp_(-self.limit, self.limit)
