"""Contrastive losses: of patches, and of images and texts."""

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


def image_text(images: torch.Tensor, texts: torch.Tensor, same: torch.Tensor, temperature: float = 0.1) -> torch.Tensor:
    """The mean cross-entropy of finding each image's text among those of a batch, and each text's image
    (arXiv:2103.00020, section 2.3).

    images, texts: float [N, D], vectors of length 1, those of a pair at one place. same: bool [N, N], which texts are
    equal; an image belongs to each of them alike. Returns a scalar.
    """
    logits = (images @ texts.T).float() / temperature
    target = same.float() / same.sum(1, keepdim=True)
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
