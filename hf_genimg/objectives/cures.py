"""Regularizers that look at logits, latents or weights. Each knows nothing of the game, nor of the others."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from ..losses.cures import consistency, lecam
from .regularizers import Play, Regularizer, Terms


class Follow(Regularizer):
    """Moves an augmentation that holds state: it `observe`s the logits on real images, and `move`s once after each
    update.
    """

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.part = part

    def judged(self, play: Play) -> Terms:
        self.part.observe(play.on_real)
        return {}

    def update(self, discriminator: nn.Module) -> None:
        self.part.move()


class LeCam(Regularizer):
    """weight times `losses.cures.lecam`, with anchors that are running means of the logits, one step an update
    (arXiv:2104.03310).
    """

    def __init__(self, weight: float, decay: float = 0.99) -> None:
        super().__init__()
        self.weight, self.decay = weight, decay
        self.register_buffer("anchors", torch.zeros(2))  # of real and fake images
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))
        self.register_buffer(
            "gathered", torch.zeros(3), persistent=False
        )  # sums on real and fake, number; summed over processes by the loop

    def judged(self, play: Play) -> Terms:
        with torch.no_grad():
            self.gathered += torch.stack([play.on_real.sum(), play.on_fake.sum(), torch.ones_like(play.on_real).sum()])
        if self.updates == 0:
            return {"lecam": play.on_real.new_zeros(())}
        return {"lecam": self.weight * lecam(play.on_real, play.on_fake, *self.anchors.clone())}

    @torch.no_grad()
    def update(self, discriminator: nn.Module) -> None:
        means = self.gathered[:2] / self.gathered[2]
        self.anchors.copy_(means if self.updates == 0 else self.anchors.lerp(means, 1 - self.decay))
        self.updates += 1


class Consistency(Regularizer):
    """Logits stay when images are changed: real ones (CR, arXiv:1910.12027) and fakes too (bCR, arXiv:2002.04724,
    algorithm 1).
    """

    def __init__(self, change: Callable[[torch.Tensor], torch.Tensor], *, real: float = 0.0, fake: float = 0.0) -> None:
        super().__init__()
        self.change, self.real, self.fake = change, real, fake

    def judged(self, play: Play) -> Terms:
        terms = {}
        if self.real:
            terms["consistency_real"] = self.real * consistency(
                play.on_real, play.judge(self.change(play.real)).float()
            )
        if self.fake:
            terms["consistency_fake"] = self.fake * consistency(
                play.on_fake, play.judge(self.change(play.fake)).float()
            )
        return terms


class LatentConsistency(Regularizer):
    """Latents a little apart: logits stay together, images go apart (zCR, arXiv:2002.04724, algorithm 2)."""

    def __init__(self, *, judged: float, spread: float, sigma: float) -> None:
        super().__init__()
        self.for_discriminator, self.for_generator, self.sigma = judged, spread, sigma

    def judged(self, play: Play) -> Terms:
        with torch.no_grad():
            near = play.generate(self._near(play.latents))
        return {
            "consistency_latents": self.for_discriminator
            * consistency(play.on_fake, play.judge(play.augment(near)).float())
        }

    def generated(self, play: Play) -> Terms:
        near = play.generate(self._near(play.latents))
        return {"spread": -self.for_generator * (play.fake.float() - near.float()).square().mean()}

    def _near(self, latents: torch.Tensor) -> torch.Tensor:
        return latents + self.sigma * torch.randn_like(latents)
