"""Projection cGAN (arXiv:1802.05637) as published for 32 pixels: width 256 and 128, n_critic=5, linear decay.

    hf-genimg train cgan_projection_paper data=PICTURES

Published for CIFAR-10 (torch-mimicry, batches of 64 for both players): FID 10.84.
Cost: not run here; 100,000 generator updates are 32,000,000 images, days on a CPU.
Reached: not run here.
"""

from __future__ import annotations

from dataclasses import dataclass

from .sngan_paper import SNGANPaper


@dataclass(frozen=True, kw_only=True)
class ProjectionCGANPaper(SNGANPaper):
    """Needs a GPU; data with classes."""

    conditional: bool = True
