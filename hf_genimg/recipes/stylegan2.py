"""StyleGAN2 with adaptive augmentation (arXiv:1912.04958, arXiv:2006.06676), small enough for a CPU.

    hf-genimg train stylegan2
    hf-genimg train stylegan2 data=SPRITES image_size=32 images=400000

Cost: 98 images for a second of CPU time at 28 pixels, on one core; for the second, about 70.
Reached: the first, after 21 minutes of one core: digits of all kinds, many of them skewed or of two digits at once; FID
11.3, precision 0.24, recall 0.52, no copies, and a probability of augmentation of 0.09 (`dcgan` is far ahead after two
minutes). After 13,248 images the second makes coloured noise, with a probability of 0.04.
What skews the digits seems to be too few images: after 16,000, one seed, none are legible, with FID 45.4 and recall
0.12; 43.6 and 0.21 with `style_mixing=0 path_length=0 r1=0.1`; with `capacity=512` besides, 53.4 and 0.13, in 60 % of
the time.
"""

from __future__ import annotations

from dataclasses import dataclass

from ._styled import StyledRecipe


@dataclass(frozen=True, kw_only=True)
class StyleGAN2(StyledRecipe):
    """Image sizes of a power of two from 8 to 1024, and 28, grey or colour; `conditional=true` learns classes too."""

    ada: str | None = "blit,geometry,color"
    ada_images: int = 100_000
    image_size: int = 28
    images: int = 100_000
    batch_size: int = 32
    learning_rate: float = 2.5e-3
    mixed_precision: str = "bf16"
    latent_dim: int = 64
    style_dim: int = 64
    width: int = 64
    capacity: int = 1024  # 32 channels at 32 pixels; the paper has 512
