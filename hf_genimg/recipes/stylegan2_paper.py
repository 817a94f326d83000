"""StyleGAN2 (arXiv:1912.04958) with the settings of StyleGAN2-ADA's `paper256` (arXiv:2006.06676), for faces.

    hf-genimg train stylegan2_paper data=PICTURES flip=true

Unlike there, both networks learn from images of the same latents, R1 is taken at the augmented images where `ada` is
set, and the mean of w moves in the generator's updates only.
Published: FID 3.57 on FFHQ at 256 pixels (clean-FID's legacy protocol, 140,000 images).
Cost: not run here; 25 million images with `auto` at this size are about 6 days 21 hours on one V100.
Reached: not run here.
"""

from __future__ import annotations

from dataclasses import dataclass

from ._styled import StyledRecipe


@dataclass(frozen=True, kw_only=True)
class StyleGAN2Paper(StyledRecipe):
    """Needs a GPU."""

    image_size: int = 256
    images: int = 25_000_000
    batch_size: int = 64
    learning_rate: float = 2.5e-3
    auto_r1: bool = False
    r1: float = 1.0
    group_size: int = 8
    mapping_layers: int = 8
    ema_half_life: int = 20_000
    mixed_precision: str = "bf16"
