"""Blocks of FastGAN (arXiv:2101.04775): gated linear units after a norm, doublings, skip-layer excitation."""

from __future__ import annotations

import torch
from torch import nn

from .convolution import repeated_and_convolved
from .initialisation import dcgan_initialisation
from .residual import Norm
from .spectral_norm import spectral_norm


def normed_convolution(
    in_channels: int, out_channels: int, kernel: int, stride: int = 1, *, bias: bool = False
) -> nn.Module:
    """A spectrally normed convolution from N(0, 0.02); an even kernel of stride 1 is not padded, the others are."""
    padding = 0 if stride == 1 and kernel % 2 == 0 else (kernel - stride + 1) // 2
    layer = nn.Conv2d(in_channels, out_channels, kernel, stride, padding, bias=bias)
    dcgan_initialisation(layer)
    return spectral_norm(layer)


def first_convolution(latent_dim: int, out_channels: int) -> nn.Module:
    """A spectrally normed transposed convolution from N(0, 0.02), of latents as 1x1 maps to 4x4."""
    layer = nn.ConvTranspose2d(latent_dim, out_channels, 4, bias=False)
    dcgan_initialisation(layer)
    return spectral_norm(layer)


class GatedNorm(nn.Module):
    """Norm of 2 C channels, and then a gated linear unit to C.

    norm: from 2 C to a layer that is called on maps and the condition.
    """

    def __init__(self, channels: int, norm: Norm) -> None:
        super().__init__()
        self.norm = norm(2 * channels)

    def forward(self, maps: torch.Tensor, condition: torch.Tensor | None = None) -> torch.Tensor:
        """maps: float [N, 2 C, H, W]. Returns float [N, C, H, W]."""
        values, gates = self.norm(maps, condition).chunk(2, 1)
        # a sigmoid of half the channels of each position takes five times that of a copy, and F.glu's gradient is not
        # channels_last, which makes that of a batch norm before it five times as slow
        return values * gates.clone().sigmoid()


class GatedUpBlock(nn.Module):
    """Nearest doubling, 3x3 convolution to 2 C channels, norm, gated linear unit: FastGAN's plain block."""

    def __init__(self, in_channels: int, out_channels: int, norm: Norm) -> None:
        super().__init__()
        self.conv, self.gate = normed_convolution(in_channels, 2 * out_channels, 3), GatedNorm(out_channels, norm)

    def forward(self, maps: torch.Tensor, condition: torch.Tensor | None = None) -> torch.Tensor:
        """maps: float [N, in_channels, H, W]. Returns float [N, C, 2 H, 2 W]."""
        return self.gate(repeated_and_convolved(self.conv, maps), condition)


class NoisyGatedUpBlock(nn.Module):
    """FastGAN's full block: as the plain one, then a second 3x3 convolution, norm and gated linear unit; noise, times a
    trained strength that begins at 0, is added after each convolution.

    Attributes:
        noise_maps: how many maps of noise, of twice the input's sides, a forward takes for each image.
    """

    noise_maps = 2

    def __init__(self, in_channels: int, out_channels: int, norm: Norm) -> None:
        super().__init__()
        self.conv, self.gate = normed_convolution(in_channels, 2 * out_channels, 3), GatedNorm(out_channels, norm)
        self.second = normed_convolution(out_channels, 2 * out_channels, 3)
        self.second_gate = GatedNorm(out_channels, norm)
        self.strengths = nn.Parameter(torch.zeros(self.noise_maps))

    def forward(self, maps: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """maps: float [N, in_channels, H, W]; noise: float [N, 2, 2 H, 2 W]. Returns float [N, C, 2 H, 2 W]."""
        first, second = (noise * self.strengths[:, None, None]).to(maps.dtype).split(1, 1)
        maps = self.gate(repeated_and_convolved(self.conv, maps) + first)
        return self.second_gate(self.second(maps) + second)


class NormedDown(nn.Sequential):
    """Halving: spectrally normed 4x4 convolution of stride 2, batch norm, leaky ReLU."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(*normed_layer(in_channels, out_channels, 4, 2))


class ResidualDown(nn.Module):
    """Halving: the mean of two convolutions and of a mean over 2x2 pixels with a 1x1 convolution."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.main = nn.Sequential(NormedDown(in_channels, out_channels), *normed_layer(out_channels, out_channels, 3))
        self.direct = nn.Sequential(nn.AvgPool2d(2), *normed_layer(in_channels, out_channels, 1))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """maps: float [N, in_channels, H, W]. Returns float [N, out_channels, H / 2, W / 2]."""
        return (self.main(maps) + self.direct(maps)) / 2


def normed_layer(in_channels: int, out_channels: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    """A spectrally normed convolution, batch norm, leaky ReLU."""
    convolution = normed_convolution(in_channels, out_channels, kernel, stride)
    return [convolution, nn.BatchNorm2d(out_channels), nn.LeakyReLU(0.2)]


class Excitation(nn.Module):
    """Skip-layer excitation: a gain from 0 to 1 for each channel of a large map, from a small map (eq. 1)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.AdaptiveAvgPool2d(4),
            normed_convolution(in_channels, out_channels, 4),
            nn.SiLU(),
            normed_convolution(out_channels, out_channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, small: torch.Tensor, large: torch.Tensor) -> torch.Tensor:
        """small: float [N, in_channels, H, W], H and W multiples of 4; large: float [N, out_channels, ...]."""
        return large * self.layers(small)
