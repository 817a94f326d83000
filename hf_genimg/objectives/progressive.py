"""Progressive growing of GANs (arXiv:1710.10196): the schedule of growth, fading real images, and the drift penalty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .adversarial import Adversarial
from .base import Batch, Terms
from .regularizers import Context, Regularizer

Fade = Callable[[torch.Tensor, int], torch.Tensor]


def stage_of(images: int, *, stable: int, fade: int, doublings: int) -> float:
    """How many doublings are in use after `images` images, the last one partly while it fades in.

    Each size is trained for `stable` images, then the next one fades in over `fade` images (section 3 and figure 2).
    """
    finished, rest = divmod(images, stable + fade)
    return min(float(doublings), finished + max(0, rest - stable) / fade)


class Progressive(Adversarial):
    """An adversarial objective whose real images are as large as the networks are, and fade with them.

    fade: (real images, float [N, C, S, S]; images so far) to real images at the present stage.
    """

    def __init__(self, *args: Any, fade: Fade, **parts: Any) -> None:
        super().__init__(*args, **parts)
        self.fade = fade

    def prepared(self, batch: Batch) -> Batch:
        return {**batch, "images": self.fade(batch["images"], self.step.images)}


class Drift(Regularizer):
    """weight E[D(x)^2] at real images, which keeps a critic's outputs from drifting away (appendix A.1)."""

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = weight

    def discriminator(self, context: Context) -> Terms:
        return {"drift": self.weight * context.real_logits.square().mean()}
