"""StyleGAN2-ADA (arXiv:2006.06676) as its `auto` configures a run on one GPU, for sets of few images.

    hf-genimg train stylegan2_auto_paper data=PICTURES
    hf-genimg train stylegan2_auto_paper data=PICTURES image_size=128 batch_size=32 ema_half_life=10000

The second line holds for 32 and 64 pixels too; R1 follows size and batch. Unlike there, both networks learn from images
of the same latents, R1 is taken at the augmented images, which are sampled bilinearly, and the mean of w moves in the
generator's updates only.
Cost: not run here; 25 million images at 256 pixels are about 6 days 21 hours on one V100.
Reached: not run here.
"""

from __future__ import annotations

from dataclasses import dataclass

from ._styled import StyledRecipe


@dataclass(frozen=True, kw_only=True)
class StyleGAN2AutoPaper(StyledRecipe):
    """Needs a GPU."""

    ada: str | None = "blit,geometry,color"
    image_size: int = 256
    images: int = 25_000_000
    batch_size: int = 16
    learning_rate: float = 2.5e-3
    ema_half_life: int = 5_000
    mixed_precision: str = "bf16"
