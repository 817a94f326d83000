"""What a pipeline does with latents besides calling its network: style mixing and inversion, as methods."""

from __future__ import annotations

from .inversion import invert
from .mixing import mixing_matrix


class LatentEditing:
    """Methods of every pipeline with latents."""

    mixing_matrix = mixing_matrix
    invert = invert
