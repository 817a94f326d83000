"""Vectors of patches for contrastive losses."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn


class PatchProjector(nn.Module):
    """Feature vectors at positions of several maps, each map by two linear layers of its own, to vectors of length 1
    (CUT, arXiv:2007.15651, section 3).

    channels: of each map. width: of the vectors.
    """

    conditions = ()

    def __init__(self, channels: Sequence[int], width: int = 256) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(c, width), nn.ReLU(), nn.Linear(width, width)) for c in channels
        )
        for weights in self.parameters():
            nn.init.normal_(weights, 0.0, 0.02) if weights.dim() > 1 else nn.init.zeros_(weights)

    def forward(self, maps: Sequence[torch.Tensor], positions: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """maps: float [N, C, h, w] for each head. positions: int64 [P] of each, in [0, h w).

        Returns float [N, P, width] for each.
        """
        pairs = zip(self.heads, maps, positions, strict=True)
        return [F.normalize(head(each.flatten(2)[:, :, place].transpose(1, 2)), dim=-1) for head, each, place in pairs]
