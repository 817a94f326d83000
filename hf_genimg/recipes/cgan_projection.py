"""Projection cGAN (arXiv:1802.05637): SNGAN's networks, batch norm for each class, the class an inner product in the discriminator; hinge.

    hf-genimg train cgan_projection

Cost: not measured yet.
Reached: not measured yet.
"""

from __future__ import annotations

from dataclasses import dataclass

from .sngan import SNGAN


@dataclass(frozen=True, kw_only=True)
class ProjectionCGAN(SNGAN):
    """Image sizes 32, 48, 64 and 128, grey or colour; data with classes."""

    conditional: bool = True
