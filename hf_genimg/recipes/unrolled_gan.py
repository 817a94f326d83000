"""Unrolled GAN (arXiv:1611.02163): the generator learns from a discriminator some updates ahead; fully connected.

    hf-genimg train unrolled_gan

Cost: 75 s of CPU time on one core for 80,000 images (6.5 minutes of wall time, beside much other work).
Reached: digits of all ten kinds, many legible, with noisy or grey pixels; FID 16.7 by the extractor `digits`, 1,500
samples against the 297 test images, precision 0.55 and recall 0.38; ones and sevens are sampled less than half as often
as they should. At a constant learning rate, after 100,000 images, about ten of 64 samples were one pattern, no digit.
On a ring of eight Gaussians, at the published setting and after 12,000 steps, unrolling covers six modes, the loss
without it two (benchmarks/ring_unrolled.py, one seed).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..losses.adversarial import GANLoss
from ..objectives.unrolled import Unrolled, minimax
from .mlp_gan import MLPGAN


@dataclass(frozen=True, kw_only=True)
class UnrolledGAN(MLPGAN):
    """The networks of `mlp_gan` with a smaller discriminator; any image size."""

    unrolled_steps: int = 5  # updates of the discriminator that the generator looks ahead
    inner_optimizer: str = "adam"  # of these updates: adam, from the discriminator's own moments, or sgd
    inner_learning_rate: float | None = None  # of these updates; none: the discriminator's
    minimax: bool = False  # the generator maximizes the discriminator's whole loss, as in the paper
    images: int = 80_000
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    ema_half_life: int = 5_000
    generator_width: int = 64
    discriminator_width: int = 128

    def check(self) -> None:
        super().check()
        self.objective()
        self._require("compile", not self.compile, "cannot be used: torch.compile has no second derivatives")
        rule = "cannot be used: gradients of the inner updates would underflow; use bf16 or no"
        self._require("mixed_precision", self.mixed_precision != "fp16", rule)
        own_rate = self.inner_optimizer == "adam" or self.inner_learning_rate is not None
        self._require("inner_optimizer", own_rate, "needs inner_learning_rate, for the discriminator's is one of Adam")

    def gan_loss(self) -> GANLoss:
        return minimax(super().gan_loss()) if self.minimax else super().gan_loss()

    def objective(self) -> Unrolled:
        inner = {"inner": self.inner_optimizer, "learning_rate": self.inner_learning_rate}
        return Unrolled(**self.objective_parts(), steps=self.unrolled_steps, **inner)
