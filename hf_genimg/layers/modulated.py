"""Convolutions whose weights a style scales for each image (arXiv:1912.04958, section 2.2)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from .equalized import EPS, SLOPE, EqualizedLinear
from .fir import filtered

GAIN = math.sqrt(2)  # of a leaky ReLU, which keeps the mean square


def modulated_convolution(
    maps: torch.Tensor, weight: torch.Tensor, styles: torch.Tensor, *, demodulate: bool = True, up: bool = False
) -> torch.Tensor:
    """Convolve each image with weights that its style scales, then to unit norm for each output (eq. 1 to 3).

    Instead of weights for each image, the maps are scaled before one convolution and its outputs after it, which is the
    same (section 2.2 and appendix B) and as fast as a plain convolution.

    Args:
        maps: float [N, in_channels, H, W].
        weight: float [out_channels, in_channels, k, k], k odd.
        styles: float [N, in_channels].
        demodulate: divide by the norm of the scaled weights.
        up: double the size: a transposed convolution with stride 2 before the filter 1, 3, 3, 1.

    Returns:
        float [N, out_channels, H, W], or with twice the sides.
    """
    maps = maps * styles[:, :, None, None].to(maps.dtype)
    if up:
        made = filtered(F.conv_transpose2d(maps, weight.transpose(0, 1), stride=2), (1, 1), gain=4.0)
    else:
        made = F.conv2d(maps, weight, padding=weight.shape[2] // 2)
    if demodulate:
        norms = (styles.float().square() @ weight.float().square().sum((2, 3)).T + EPS).rsqrt()
        made = made * norms[:, :, None, None].to(made.dtype)
    return made


class StyledConvolution(nn.Module):
    """A modulated 3x3 convolution, noise of a learned strength, bias and leaky ReLU with gain sqrt(2)."""

    def __init__(self, in_channels: int, out_channels: int, style_dim: int, *, up: bool = False) -> None:
        super().__init__()
        self.up = up
        self.style = EqualizedLinear(style_dim, in_channels, bias=1.0)
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, 3, 3))
        self.scale = 1 / math.sqrt(in_channels * 9)
        self.noise_strength, self.bias = nn.Parameter(torch.zeros(())), nn.Parameter(torch.zeros(out_channels))

    def forward(self, maps: torch.Tensor, w: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """maps: float [N, in_channels, H, W], or [1, ...] for all images; w: float [N, style_dim]; noise: float
        [N, 1, H', W'], of the output's size.

        Returns float [N, out_channels, H', W'], twice as large where `up`.
        """
        made = modulated_convolution(maps, self.weight * self.scale, self.style(w), up=self.up)
        made = made + (noise * self.noise_strength + self.bias[:, None, None]).to(made.dtype)
        return F.leaky_relu(made, SLOPE) * GAIN


class ToImage(nn.Module):
    """A modulated 1x1 convolution to the channels of an image, without demodulation, noise or activation."""

    def __init__(self, in_channels: int, image_channels: int, style_dim: int) -> None:
        super().__init__()
        self.style = EqualizedLinear(style_dim, in_channels, bias=1.0)
        self.weight, self.bias = (
            nn.Parameter(torch.randn(image_channels, in_channels, 1, 1)),
            nn.Parameter(torch.zeros(image_channels)),
        )
        self.scale = 1 / math.sqrt(in_channels)

    def forward(self, maps: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        """maps: float [N, in_channels, H, W]; w: float [N, style_dim]. Returns float [N, image_channels, H, W]."""
        made = modulated_convolution(maps, self.weight, self.style(w) * self.scale, demodulate=False)
        return made + self.bias[:, None, None].to(made.dtype)
