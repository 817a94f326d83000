"""Minibatch standard deviation: a feature that measures how much the images of a group differ (arXiv:1710.10196,
section 3).
"""

from __future__ import annotations

import math

import torch
from torch import nn


class MinibatchStd(nn.Module):
    """Adds one feature: the standard deviation over a group of images, averaged over features and places; the same for
    the whole group.

    A group is a run of `group_size` images of the batch, or of as many as divide both: a single image forms one, whose
    feature is 0.
    """

    def __init__(self, group_size: int = 4) -> None:
        super().__init__()
        self.group_size = group_size

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """features: float [N, C, H, W] or [N, C]. Returns float [N, C + 1, ...]."""
        group = math.gcd(len(features), self.group_size)
        if group == 1:
            return torch.cat([features, torch.zeros_like(features[:, :1])], 1)
        groups = features.reshape(-1, group, *features.shape[1:])
        deviation = (groups.var(1, unbiased=False) + 1e-8).sqrt().flatten(1).mean(1)  # one for each group
        added = deviation.repeat_interleave(group).view(-1, *[1] * (features.dim() - 1)).expand_as(features[:, :1])
        return torch.cat([features, added], 1)
