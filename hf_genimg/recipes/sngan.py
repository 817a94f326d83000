"""SNGAN (arXiv:1802.05957): residual networks, spectral norm in the discriminator, hinge loss.

    hf-genimg train sngan

Cost: 5 minutes of one core (360 images/s).
Reached: FID 10.0 (8.0 to 11.1), precision 0.23 and recall 0.78 by the extractor `digits`; most digits can be read, all
ten digits are there, each 5 to 15 percent. `evaluate` raises an alarm for mode dropping: sevens are 4.8 % of the
images, and 9.9 % of the reference.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.sngan import SNGANDiscriminator, SNGANGenerator
from ._conditional import ConditionalRecipe


@dataclass(frozen=True, kw_only=True)
class SNGAN(ConditionalRecipe):
    """Image sizes 32, 48, 64 and 128, grey or colour; `conditional=true` learns classes too."""

    conditional: bool = False
    loss: str = "hinge"
    image_size: int = 32
    images: int = 120_000
    batch_size: int = 32
    learning_rate: float = 3e-4  # of the generator; the paper has 2e-4 for both
    discriminator_learning_rate: float | None = 1e-3
    latent_dim: int = 64
    adam_beta1: float = 0.0
    adam_beta2: float = 0.9
    channels_last: bool = True
    n_critic: int = 2  # the paper has 5; with 1, and 5e-4, the projection cGAN drew each class alike
    width: int = 8  # a quarter of the generator's channels at 32 pixels, half the discriminator's; the paper has 64

    def models(self) -> dict[str, nn.Module]:
        size = {**self.sizes(), "width": self.width}
        return {"generator": SNGANGenerator(**size, **self.latents()), "discriminator": SNGANDiscriminator(**size)}

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=32, width=2, n_critic=1)
