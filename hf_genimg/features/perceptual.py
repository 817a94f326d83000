"""Distances between images in the feature space of any network, for losses and for scores."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import nn

from .network import FeatureNetwork

EPS = 1e-6  # below it the squared length of a feature vector counts as none: bounds the gradient where all are 0
CALIBRATION = 16  # images
FEWEST_LEAVES, MORE_LEAVES = 4, 60  # shapes in an image


class PerceptualDistance(nn.Module):
    """How unlike two images are to a feature network: 0 for equal ones, about 1 for unrelated ones.

    At each tap feature vectors are scaled to length 1 at each position, and their squared differences are averaged over
    positions, as in LPIPS (arXiv:1801.03924, eq. 1) without its trained weights. Each tap is divided by its mean
    distance between unrelated images, and the taps are averaged, so that none outweighs the others in any network.
    The unrelated images are synthetic; `calibrate` takes those of a data set, and then two of them are 1 apart.

    Args:
        network: a feature network.
        taps: which feature maps; None: all.
        seed: of the calibration images.
    """

    def __init__(self, network: FeatureNetwork, taps: Iterable[str] | None = None, seed: int = 0) -> None:
        super().__init__()
        self.network, self.taps = network, network.chosen(taps)
        self.register_buffer("scales", torch.ones(len(self.taps)))
        size = network.resolution or max(64, network.smallest)
        self.calibrate(dead_leaves(CALIBRATION, size, network.image_channels, seed))

    @torch.no_grad()
    def calibrate(self, images: torch.Tensor) -> None:
        """Take the distance between these unrelated images, float [N, C, H, W] in [-1, 1], N at least 2, as 1."""
        if len(images) < 2:
            raise ValueError(f"{len(images)} image is too few to calibrate a perceptual distance; give 2 or more")
        images = images.to(self.scales.device)
        self.scales.copy_(self.tap_distances(images, images.roll(1, 0)).mean(0).clamp_min(EPS))

    def forward(self, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """images, targets: float [N, C, H, W] in [-1, 1]. Returns the distance of each pair, float [N]."""
        return (self.tap_distances(images, targets) / self.scales).mean(1)

    def tap_distances(self, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """The distance of each pair at each tap, not divided: float [N, number of taps], from 0 to 4."""
        one, other = self.network(images, self.taps), self.network(targets, self.taps)
        return torch.stack([normalized_difference(one[tap], other[tap]) for tap in self.taps], 1)


def normalized_difference(maps: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Squared distance of feature vectors of length 1, averaged over positions.

    Args:
        maps, targets: float [N, C, H, W].

    Returns:
        float [N], from 0 to 4.
    """
    return (_unit(maps) - _unit(targets)).square().sum(1).mean((1, 2))


def _unit(maps: torch.Tensor) -> torch.Tensor:
    return maps * (maps.square().sum(1, keepdim=True) + EPS).rsqrt()


def dead_leaves(count: int, size: int, channels: int, seed: int) -> torch.Tensor:
    """Synthetic images of textured ellipses that cover one another, the dead leaves model, whose statistics are near
    those of photographs (Lee, Mumford and Huang, IJCV 2001): float [count, channels, size, size] in [-1, 1].
    """
    generator = torch.Generator().manual_seed(seed)
    rows, columns = torch.meshgrid(torch.arange(size) / size, torch.arange(size) / size, indexing="ij")
    textures = natural_noise(count, size, channels, seed)
    images = torch.rand(count, channels, 1, 1, generator=generator).mul(2).sub(1).repeat(1, 1, size, size)
    for image, texture, crowd in zip(images, textures, torch.rand(count, 2, generator=generator), strict=True):
        for _ in range(int(FEWEST_LEAVES + MORE_LEAVES * crowd[0] ** 2)):
            y, x, radius, length, width, turn, contrast = torch.rand(7, generator=generator)
            cosine, sine = (math.pi * turn).cos(), (math.pi * turn).sin()
            along, across = (columns - x) * cosine + (rows - y) * sine, (rows - y) * cosine - (columns - x) * sine
            far = torch.hypot(along * (0.3 + 2 * length), across * (0.3 + 2 * width))
            colour = torch.rand(channels, 1, 1, generator=generator) * 2 - 1
            covered = far < 0.04 + 0.4 * radius**2 * crowd[1]
            image.copy_(torch.where(covered, colour + contrast * texture.roll(int(size * x), 2), image))
    return images.clamp(-1, 1)


def natural_noise(count: int, size: int, channels: int, seed: int) -> torch.Tensor:
    """Random images whose power spectrum falls with the square of the frequency: float [count, channels, size, size] in
    [-1, 1].
    """
    generator = torch.Generator().manual_seed(seed)
    spectrum = torch.fft.rfft2(torch.randn(count, channels, size, size, generator=generator))
    frequency = torch.hypot(torch.fft.fftfreq(size)[:, None], torch.fft.rfftfreq(size)[None])
    images = torch.fft.irfft2(spectrum / frequency.clamp_min(1 / size), s=(size, size))
    return images.div(2 * images.std((1, 2, 3), keepdim=True)).clamp(-1, 1)
