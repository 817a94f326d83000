"""Fixed random projections of feature maps, for discriminators on features (arXiv:2111.01007, section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn


class FeatureMixing(nn.Module):
    """Mixes the feature maps of a frozen network across channels, and then across scales from the deepest up.

    Channels are mixed by a random 1x1 convolution at each scale. Scales are mixed by a U-Net without activations: the
    deepest map, and then each sum with the next shallower one, is doubled bilinearly and convolved. The weights are
    drawn from N(0, 1 / fan in), which keeps the variance, and are buffers: saved with the network, never trained.

    Args:
        in_channels: of each feature map, from the shallowest to the deepest, each half as large as the one before.
        out_channels: C of the shallowest result.
        seed: of the weights; the global generators are left alone.
        cross_scale: whether scales are mixed; without, a result has the size of its map and C, 2 C, 4 C, ... channels.
        kernel: of the convolutions across scales: 3 as in the paper, or 1 as in its published code, which is cheaper.

    Attributes:
        channels: of each result, from the shallowest to the deepest: C, C, 2 C, 4 C, ...
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int = 64,
        seed: int = 0,
        cross_scale: bool = True,
        kernel: int = 3,
    ) -> None:
        super().__init__()
        if not in_channels or kernel not in (1, 3):
            raise ValueError(f"in_channels={list(in_channels)}, kernel={kernel}: give one map or more, and 1 or 3")
        generator = torch.Generator().manual_seed(seed)
        mixed = [out_channels * 2**scale for scale in range(len(in_channels))]
        self.channels = tuple([out_channels, *mixed[:-1]] if cross_scale else mixed)
        for scale, (taken, given) in enumerate(zip(in_channels, mixed, strict=True)):
            self.register_buffer(f"channel_mixing_{scale}", _projection(taken, given, 1, generator))
        for scale, (taken, given) in enumerate(zip(mixed, self.channels, strict=True)):
            weight = _projection(taken, given, kernel, generator) if cross_scale else None
            self.register_buffer(f"scale_mixing_{scale}", weight)
        self.cross_scale, self.padding = cross_scale, kernel // 2

    def forward(self, maps: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Mix the feature maps of the same images.

        Args:
            maps: float [N, C_i, H_i, W_i], from the shallowest to the deepest.

        Returns:
            float [N, channels[i], 2 H_i, 2 W_i] in the same order; of the maps' own sizes without `cross_scale`. A
            result that is added to a map of an odd size has the size of that map.
        """
        mixed = [F.conv2d(each, self.get_buffer(f"channel_mixing_{scale}")) for scale, each in enumerate(maps)]
        if not self.cross_scale:
            return mixed
        results: list[torch.Tensor] = []
        for scale in reversed(range(len(mixed))):
            total = mixed[scale] + results[-1] if results else mixed[scale]
            size = mixed[scale - 1].shape[2:] if scale else [2 * side for side in total.shape[2:]]
            doubled = F.interpolate(total, size, mode="bilinear", align_corners=True)
            results.append(F.conv2d(doubled, self.get_buffer(f"scale_mixing_{scale}"), padding=self.padding))
        return results[::-1]


def _projection(in_channels: int, out_channels: int, kernel: int, generator: torch.Generator) -> torch.Tensor:
    """The weight of a convolution, Kaiming's normal initialization for a layer without an activation."""
    shape = (out_channels, in_channels, kernel, kernel)
    return torch.randn(shape, generator=generator) / (in_channels * kernel**2) ** 0.5
