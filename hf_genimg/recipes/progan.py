"""Progressive growing of GANs (arXiv:1710.10196): small images first, then larger sizes fade into both networks.

    hf-genimg train progan

Cost: 44 images for a second of CPU time at the full 28 pixels, on one core; smaller sizes are faster.
Reached: no whole run was made yet; resume within a fade is exact, from image 24 of a run of 64
(tests/models/test_progan.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from ._growing import GrowingRecipe


@dataclass(frozen=True, kw_only=True)
class ProGAN(GrowingRecipe):
    """Image sizes of a power of two from 8 to 1024, and 28, grey or colour."""

    stable_images: int = 10_000
    fade_images: int = 10_000
    images: int = 80_000
    batch_size: int = 16
    latent_dim: int = 64
    width: int = 64
    capacity: int = 1024
