"""Layers with an equalized learning rate: weights from N(0, 1), scaled in each forward by a gain over the root of the
fan-in (arXiv:1710.10196, section 4.1).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

SLOPE = 0.2  # of a leaky ReLU
EPS = 1e-8


def pixel_norm(features: torch.Tensor) -> torch.Tensor:
    """Features, float [N, C, ...], scaled to a mean square of 1 over channels (arXiv:1710.10196, section 4.2)."""
    return features * (features.square().mean(1, keepdim=True) + EPS).rsqrt()


class EqualizedLinear(nn.Module):
    """y = gain W x / sqrt(in_features) + b, with W from N(0, 1).

    learning_rate: factor on the speed at which weights and biases learn (`m` in arXiv:1812.04948, appendix C): W begins
    as N(0, 1 / m^2), and both are used times m. bias: what it begins at; None for none.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        bias: float | None = 0.0,
        gain: float = 1.0,
        learning_rate: float = 1.0,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features) / learning_rate)
        start = None if bias is None else torch.full((out_features,), bias / learning_rate)
        self.bias = None if start is None else nn.Parameter(start)
        self.learning_rate, self.scale = learning_rate, gain * learning_rate / math.sqrt(in_features)

    def forward(self, features: torch.Tensor, factor: float = 1.0) -> torch.Tensor:
        """Features, float [N, in_features], to `factor` times the layer's output, float [N, out_features]."""
        bias = None if self.bias is None else self.bias * (self.learning_rate * factor)
        return F.linear(features, self.weight * (self.scale * factor), bias)


class EqualizedConv2d(nn.Module):
    """A convolution with weights gain W / sqrt(fan-in), W from N(0, 1); padded to keep the size unless `padding` says
    otherwise.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        *,
        bias: bool = True,
        gain: float = 1.0,
        stride: int = 1,
        padding: int | None = None,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None
        self.scale, self.stride = gain / math.sqrt(in_channels * kernel**2), stride
        self.padding = kernel // 2 if padding is None else padding

    def forward(self, maps: torch.Tensor, factor: float = 1.0) -> torch.Tensor:
        """Maps, float [N, in_channels, H, W], to `factor` times the layer's output.

        A leaky ReLU of it is `factor` times that of the output, so that a gain after it costs nothing.
        """
        bias = None if self.bias is None else self.bias * factor
        return F.conv2d(maps, self.weight * (self.scale * factor), bias, self.stride, self.padding)
