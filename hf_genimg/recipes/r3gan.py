"""R3GAN (arXiv:2501.05441): the relativistic loss with R1 and R2 penalties, and no tricks.

    hf-genimg train r3gan image_size=16 images=60000
    hf-genimg train r3gan image_size=32 upscale=true images=217317
    hf-genimg train r3gan data=SPRITES image_size=32 images=197201

Cost: 3, 19 and 19 minutes of one core (320, 190 and 170 images/s).
Reached: all ten digits, legible, FID 7.8 (6.5 to 8.4) after the first and 1.0 (0.0 to 1.1) with a recall of 0.77 after
the second, by the extractor `digits`, where `dcgan` has 4.0 after as much time; but then 17 percent have a
near-duplicate, which is an alarm; they lie nearer to the images learned from than to the test images (memorization gap
0.13, 0.04 to 0.22; no copies). Of 2,481 sprites, tiles and things that one recognises, still rough: FID 27.7 by a LeNet
for them, where `dcgan` has 1.9 (benchmarks/quality.py). On a ring of eight Gaussians the same loss covers the modes
that the non-saturating one drops (benchmarks/ring.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.r3gan import R3GANDiscriminator, R3GANGenerator
from ._conditional import ConditionalRecipe


@dataclass(frozen=True, kw_only=True)
class R3GAN(ConditionalRecipe):
    """Image sizes 8, 16, 28, 32, 64, 128 and 256, grey or colour; `conditional=true` learns classes too."""

    conditional: bool = False
    loss: str = "relativistic"
    r1: float = 0.1
    r2: float = 0.1
    penalty_every: int = 4  # the paper has 1, which takes two thirds more time here
    image_size: int = 28
    images: int = 100_000
    latent_dim: int = 64
    learning_rate: float = 1e-3  # the paper's 2e-4 is for networks twenty times as wide
    adam_beta1: float = 0.0
    adam_beta2: float = 0.99
    channels_last: bool = True
    width: int | None = None  # channels of the small maps; none: 32, above 32 pixels the image size; the paper has 768
    widest: int = 8  # side of the largest map with so many channels, halved at each doubling above; the paper: 32

    def check(self) -> None:
        super().check()
        self._require(
            "spectral_norm",
            not self.spectral_norm,
            "cannot be used: the last weights of each block begin at zero",
        )

    def models(self) -> dict[str, nn.Module]:
        size = {**self.sizes(), "width": self.width or max(32, self.image_size), "widest": self.widest}
        return {"generator": R3GANGenerator(**size, **self.latents()), "discriminator": R3GANDiscriminator(**size)}

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=8, width=8)
