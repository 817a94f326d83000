"""SNGAN (arXiv:1802.05957): residual networks, spectral norm in the discriminator, hinge.

    hf-genimg train sngan images=50000 batch_size=64 learning_rate=2e-4 discriminator_learning_rate=2e-4

Cost: 15 minutes on one busy core (4 of them of CPU time).
Reached: FID 19.4 (17.4 to 20.4) and recall 0.53 by the extractor `digits`; most digits can be read,
nine of ten kinds are there, some are alike: the run was short.
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
    game: str = "hinge"
    image_size: int = 32
    images: int = 120_000
    batch_size: int = 32
    learning_rate: float = 3e-4  # of the generator; the paper has 2e-4 for both
    discriminator_learning_rate: float | None = 1e-3
    latent_dim: int = 64
    adam_beta1: float = 0.0
    adam_beta2: float = 0.9
    channels_last: bool = True
    n_critic: int = 2  # the paper has 5; with 1, digits of a class came out alike
    width: int = 8  # a quarter of the generator's channels at 32 pixels, half the discriminator's; the paper has 64

    def models(self) -> dict[str, nn.Module]:
        size = {**self.sizes(), "width": self.width}
        return {"generator": SNGANGenerator(**size, **self.latents()), "discriminator": SNGANDiscriminator(**size)}

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=32, width=2, n_critic=1)
