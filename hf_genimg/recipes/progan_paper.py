"""Progressive growing of GANs (arXiv:1710.10196) as published for one GPU and 1024 pixels (CelebA-HQ).

    hf-genimg train progan_paper data=PICTURES flip=true

Unlike there, the learning rate does not rise to 0.0015 at 1024 pixels. Other sizes: `image_size=256`.
Cost: not run here; 19 million images need weeks of a GPU.
Reached: not run here.
"""

from __future__ import annotations

from dataclasses import dataclass

from ._growing import GrowingRecipe


@dataclass(frozen=True, kw_only=True)
class ProGANPaper(GrowingRecipe):
    """Needs a GPU."""

    image_size: int = 1024
    images: int = 19_000_000
    batch_size: int = 16
    group_size: int = 16
    stable_images: int = 800_000
    fade_images: int = 800_000
    ema_half_life: int = 11_085  # 0.999 for each update
    latent_dim: int = 512
