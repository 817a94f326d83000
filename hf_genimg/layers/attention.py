"""Self-attention over the positions of maps (arXiv:1805.08318, section 3)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .spectral_norm import spectral_norm


class SelfAttention(nn.Module):
    """Every position asks all 2x2 cells; the answer is added with a weight that begins at 0. All 1x1, spectrally
    normed, no biases.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        narrow, half = channels // 8, channels // 2
        if not narrow:
            raise ValueError(f"{channels} channels are too few for attention; use a width that gives it 8 or more")
        shapes = [(channels, narrow), (channels, narrow), (channels, half), (half, channels)]
        layers = [nn.Conv2d(in_channels, out_channels, 1, bias=False) for in_channels, out_channels in shapes]
        for layer in layers:
            nn.init.xavier_uniform_(layer.weight)
        self.query, self.key, self.value, self.output = (spectral_norm(layer) for layer in layers)
        self.strength = nn.Parameter(torch.zeros(()))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """maps: float [N, C, H, W] of even sides. Returns the same shape."""
        queries = _positions(self.query(maps))
        keys = _positions(F.max_pool2d(self.key(maps), 2))
        values = _positions(F.max_pool2d(self.value(maps), 2))
        attention = (queries @ keys.transpose(1, 2)).softmax(-1)  # [N, H W, H W / 4]
        answers = (attention @ values).unflatten(1, maps.shape[2:]).permute(0, 3, 1, 2)
        return torch.addcmul(maps, self.strength, self.output(answers))


def _positions(maps: torch.Tensor) -> torch.Tensor:
    """Float [N, C, H, W] to [N, H W, C], without a copy where they are channels_last."""
    return maps.permute(0, 2, 3, 1).flatten(1, 2)
