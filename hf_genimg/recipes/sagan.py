"""SAGAN (arXiv:1805.08318): projection cGAN with self-attention, spectral norm in both networks, two learning rates.

    hf-genimg train sagan

Cost: 7 minutes of CPU time on one core (11 of wall time, beside other work).
Reached: legible digits, all of 2,000 classified as their label (benchmarks/label_agreement.py), FID 3.5 (2.1 to 3.6),
precision 0.89 by the extractor `digits`; but diversity within classes is low: recall 0.19, and 23 % have a
near-duplicate, which is an alarm. Without `diff_augment` it is 0.12 and 35 %; at the paper's learning rates the classes
are not learned by then (label agreement 42 %), and `latent_spread=0.5` changed nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.sagan import SAGANDiscriminator, SAGANGenerator
from ._conditional import ConditionalRecipe


@dataclass(frozen=True, kw_only=True)
class SAGAN(ConditionalRecipe):
    """Image sizes 32, 48, 64 and 128, grey or colour; `conditional=false` where the data have no classes."""

    loss: str = "hinge"
    image_size: int = 32
    images: int = 120_000
    batch_size: int = 32
    latent_dim: int = 64
    learning_rate: float = 2.5e-4  # of the generator; the paper has 1e-4, and 4e-4 for the discriminator
    discriminator_learning_rate: float | None = 1e-3
    adam_beta1: float = 0.0
    adam_beta2: float = 0.9
    diff_augment: str | None = "translation"  # 1,500 digits are few
    channels_last: bool = True
    n_critic: int = 2  # the paper has 1; with 1, and 5e-4, digits of a class came out alike
    width: int = 8  # a quarter of the generator's channels at 32 pixels; the paper has 64

    def models(self) -> dict[str, nn.Module]:
        size = {**self.sizes(), "width": self.width}
        return {"generator": SAGANGenerator(**size, **self.latents()), "discriminator": SAGANDiscriminator(**size)}

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=32, width=4, n_critic=1)
