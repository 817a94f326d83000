"""StyleGAN2-ADA (arXiv:2006.06676) as published for CIFAR-10 with its ten classes.

    hf-genimg train stylegan2_cifar_paper data=PICTURES

Neither path length regularization nor style mixing, a discriminator without shortcuts. Unlike there, both networks
learn from images of the same latents, R1 is taken at the augmented images, which are sampled bilinearly, and the mean
of w moves in the generator's updates only.
Published: FID 2.42.
Cost: not run here; StudioGAN's run took 9 days 20 hours.
Reached: not run here.
"""

from __future__ import annotations

from dataclasses import dataclass

from ._styled import StyledRecipe


@dataclass(frozen=True, kw_only=True)
class StyleGAN2CIFARPaper(StyledRecipe):
    """Needs a GPU; `conditional=false` for the unconditional networks."""

    conditional: bool = True
    ada: str | None = "blit,geometry,color"
    image_size: int = 32
    images: int = 100_000_000
    batch_size: int = 64
    learning_rate: float = 2.5e-3
    auto_r1: bool = False
    r1: float = 0.01
    path_length: float = 0.0
    style_mixing: float = 0.0
    group_size: int = 32
    ema_half_life: int = 500_000
    capacity: int = 32768
    architecture: str = "orig"
