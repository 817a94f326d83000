"""Style as statistics of feature maps, and colours as statistics of pixels."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

EPS = 1e-5


def statistics_of(maps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of each channel over positions, float [N, C, 1, 1] each; the variance is unbiased,
    as in the published code of AdaIN.
    """
    variance, mean = torch.var_mean(maps, (2, 3), keepdim=True)
    return mean, (variance + EPS).sqrt()


def adaptive_instance_norm(content: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
    """The maps `content` with the channel means and deviations of `style` (AdaIN, arXiv:1703.06868, eq. 8).

    content: float [N, C, H, W]; style: float [N, C, h, w].
    """
    (mean, deviation), (style_mean, style_deviation) = statistics_of(content), statistics_of(style)
    return style_deviation * (content - mean) / deviation + style_mean


def weighted(parts: Sequence[torch.Tensor], weights: Sequence[float] | None) -> torch.Tensor:
    """The sum of tensors of one shape, each with its share of the weights; equal ones unless given.

    Raises `ValueError` unless there are as many weights as parts, none is below 0 and one is above.
    """
    weights = [1.0] * len(parts) if weights is None else list(weights)
    if len(weights) != len(parts) or min(weights) < 0 or sum(weights) <= 0:
        raise ValueError(f"weights={weights} must be one for each of {len(parts)} styles, from 0, not all 0")
    return sum(weight / sum(weights) * part for weight, part in zip(weights, parts, strict=True))


def with_colours_of(images: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """Images whose pixels have the mean and covariance of the channels of `reference`: whitened, then coloured
    (CORAL, arXiv:1611.07865, section 5.1).

    Args:
        images: float [N, C, h, w] in [-1, 1].
        reference: float [N, C, H, W].

    Returns:
        float [N, C, h, w], clipped to [-1, 1].
    """
    pixels, wanted = images.flatten(2).double(), reference.flatten(2).double()
    (mean, root), (wanted_mean, wanted_root) = _root_of(pixels), _root_of(wanted)
    coloured = wanted_root @ torch.linalg.inv(root) @ (pixels - mean) + wanted_mean
    return coloured.clamp(-1, 1).to(images.dtype).view(images.shape)


def _root_of(pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean [N, C, 1], and the symmetric root of the covariance [N, C, C], of pixels [N, C, P]."""
    mean = pixels.mean(2, keepdim=True)
    centred = pixels - mean
    covariance = centred @ centred.transpose(1, 2) / pixels.shape[2]
    values, vectors = torch.linalg.eigh(covariance + EPS * torch.eye(pixels.shape[1], dtype=pixels.dtype))
    return mean, vectors @ torch.diag_embed(values.sqrt()) @ vectors.transpose(1, 2)


def edge_convolution(in_channels: int, out_channels: int, size: int, stride: int = 1) -> nn.Module:
    """A convolution of an odd size that repeats the pixels at the edges, so that maps of one pixel have edges too;
    weights after He, for a ReLU that follows.
    """
    layer = nn.Conv2d(in_channels, out_channels, size, stride, size // 2, padding_mode="replicate")
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.zeros_(layer.bias)
    return layer
