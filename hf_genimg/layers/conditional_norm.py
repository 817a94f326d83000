"""Batch norm whose gain and offset come from a condition."""

from __future__ import annotations

import torch
from torch import nn

from .labels import rows
from .spectral_norm import spectral_norm


class ClassBatchNorm2d(nn.Module):
    """Batch norm with a gain and an offset for each class and channel (arXiv:1707.00683; arXiv:1802.05637, sec. 4)."""

    def __init__(self, channels: int, num_classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gain, self.offset = nn.Embedding(num_classes, channels), nn.Embedding(num_classes, channels)
        nn.init.ones_(self.gain.weight)
        nn.init.zeros_(self.offset.weight)

    def forward(self, maps: torch.Tensor, class_labels: torch.Tensor) -> torch.Tensor:
        """maps: float [N, C, H, W]; class_labels: int64 [N], or weights, float [N, num_classes]."""
        gain, offset = rows(self.gain.weight, class_labels), rows(self.offset.weight, class_labels)
        return torch.addcmul(offset[:, :, None, None], self.norm(maps), gain[:, :, None, None])


class LinearBatchNorm2d(nn.Module):
    """Batch norm whose gain (minus 1) and offset are linear in a condition, without bias (arXiv:1809.11096, appendix
    B.1).
    """

    def __init__(self, channels: int, condition_dim: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, eps=1e-4, affine=False)
        layers = [nn.Linear(condition_dim, channels, bias=False) for _ in range(2)]
        for layer in layers:
            nn.init.orthogonal_(layer.weight)
        self.gain, self.offset = (spectral_norm(layer) for layer in layers)

    def forward(self, maps: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """maps: float [N, C, H, W]; condition: float [N, condition_dim]."""
        gain, offset = 1 + self.gain(condition), self.offset(condition)
        return torch.addcmul(offset[:, :, None, None], self.norm(maps), gain[:, :, None, None])
