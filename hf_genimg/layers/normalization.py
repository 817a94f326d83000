"""Normalization of feature maps: over the batch, or of each image alone."""

from __future__ import annotations

from math import gcd

from torch import nn

GROUPS = 8  # at most


def feature_norm(kind: str, features: int) -> nn.Module:
    """Batch norm, or group norm (arXiv:1803.08494) with up to 8 groups, of maps [N, features, H, W].

    Raises `ValueError` where `kind` is neither batch nor group.
    """
    if kind not in ("batch", "group"):
        raise ValueError(f"normalization={kind!r} is not known; use batch or group")
    return nn.BatchNorm2d(features) if kind == "batch" else nn.GroupNorm(gcd(GROUPS, features), features)
