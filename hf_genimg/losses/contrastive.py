"""Contrastive losses of patches."""

from __future__ import annotations

import torch
import torch.nn.functional as F


def patch_nce(queries: torch.Tensor, keys: torch.Tensor, temperature: float = 0.07) -> torch.Tensor:
    """The cross-entropy of finding, among the patches of one image, that at the same place (arXiv:2007.15651, eq. 3).

    queries, keys: float [N, P, D], vectors of length 1 at the same P places; no gradient flows into the keys. Returns a
    scalar.
    """
    logits = queries @ keys.detach().transpose(1, 2) / temperature
    same = torch.arange(queries.shape[1], device=queries.device).expand(len(queries), -1)
    return F.cross_entropy(logits.flatten(0, 1).float(), same.flatten())
