"""BigGAN and BigGAN-deep (arXiv:1809.11096): class and latents condition every block, by batch norm; attention,
spectral norm in both.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.attention import SelfAttention
from ..layers.bottleneck import DownBottleneck, UpBottleneck
from ..layers.conditional_norm import LinearBatchNorm2d
from ..layers.initialisation import orthogonal_initialisation
from ..layers.labels import rows
from ..layers.latents import check_latent_distribution
from ..layers.residual import UpBlock, convolution, linear, repeated
from ._resnet import GROWTH, SHRINKAGE, ResNetDiscriminator, ResNetGenerator, check_size


class BigGANGenerator(ResNetGenerator):
    """One part of the latents begins the image; another part conditions each block, with the vector of the class, which
    all blocks share.
    """

    @register_to_config
    def __init__(
        self,
        image_size: int = 32,  # pixels a side: 32, 48, 64 or 128
        image_channels: int = 3,  # 1 grey, 3 colour
        latent_dim: int = 80,  # shared by the first layer and the blocks: 20 for each of four at 32 pixels
        num_classes: int = 10,  # 0: unconditional
        width: int = 96,  # a quarter of the channels at 32 pixels; those of the largest map at the other sizes
        latent_distribution: str = "normal",  # normal, uniform or truncated
        class_dim: int = 128,  # numbers in the vector of a class
        standing_batches: int = 16,  # of 64 images for standing statistics of truncated latents; 0: none
    ) -> None:
        super().__init__()
        base, channels = smallest_map(image_size, width, latent_distribution)
        self.parts = split(latent_dim, len(channels))
        condition_dim = (class_dim if num_classes else 0) + self.parts[-1]
        norm = partial(LinearBatchNorm2d, condition_dim=condition_dim)
        self.base, self.attended = base, len(channels) - 2
        self.embedding = nn.Embedding(num_classes, class_dim) if num_classes else None
        self.first = linear(self.parts[0], channels[0] * base**2, True)
        self.blocks = nn.ModuleList(UpBlock(*pair, norm, True, repeated) for pair in pairwise(channels))
        self.attention = SelfAttention(channels[self.attended])
        self.norm = nn.BatchNorm2d(channels[-1], eps=1e-4)
        self.last = convolution(channels[-1], image_channels, 3, True)
        orthogonal_initialisation(self)

    def split_conditions(
        self, latents: torch.Tensor, class_labels: torch.Tensor | None
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """The first part of the latents; for each block the next one, after the class."""
        first, *parts = latents.split(self.parts, 1)
        if self.embedding is None:
            return first, parts
        classes = rows(self.embedding.weight, class_labels)
        return first, [torch.cat([classes, part], 1) for part in parts]


class BigGANDiscriminator(ResNetDiscriminator):
    """SAGAN's: attention after the first halving; every weight spectrally normed; with classes, by projection."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 32,  # pixels a side: 32, 48, 64 or 128
        image_channels: int = 3,  # 1 grey, 3 colour
        num_classes: int = 10,  # 0: unconditional
        width: int = 96,  # half the channels at 32 pixels; those of the first map at the other sizes
    ) -> None:
        super().__init__()
        self.build(attention=1)
        orthogonal_initialisation(self)


class BigGANDeepGenerator(ResNetGenerator):
    """Twice as many blocks, each narrow inside; all latents and the class condition all of them and the first layer."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 128,  # pixels a side: 32, 48, 64 or 128
        image_channels: int = 3,  # 1 grey, 3 colour
        latent_dim: int = 128,
        num_classes: int = 1000,  # 0: unconditional
        width: int = 128,  # channels of the largest map; a quarter of all at 32 pixels
        latent_distribution: str = "normal",  # normal, uniform or truncated
        class_dim: int = 128,  # numbers in the vector of a class
        standing_batches: int = 16,  # of 64 images for standing statistics of truncated latents; 0: none
    ) -> None:
        super().__init__()
        base, channels = smallest_map(image_size, width, latent_distribution)
        condition_dim = (class_dim if num_classes else 0) + latent_dim
        norm = partial(LinearBatchNorm2d, condition_dim=condition_dim)
        self.base, self.attended = base, 2 * (len(channels) - 2)
        self.embedding = nn.Embedding(num_classes, class_dim) if num_classes else None
        self.first = linear(condition_dim, channels[0] * base**2, True)
        doubling = [(pair, double) for pair in pairwise(channels) for double in (False, True)]
        self.blocks = nn.ModuleList(
            UpBottleneck(in_channels, out_channels if double else in_channels, norm, double=double)
            for (in_channels, out_channels), double in doubling
        )
        self.attention = SelfAttention(channels[-2])
        self.norm = nn.BatchNorm2d(channels[-1], eps=1e-4)
        self.last = convolution(channels[-1], image_channels, 3, True)
        orthogonal_initialisation(self)

    def split_conditions(
        self, latents: torch.Tensor, class_labels: torch.Tensor | None
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """All latents and the class, everywhere."""
        condition = (
            latents if self.embedding is None else torch.cat([latents, rows(self.embedding.weight, class_labels)], 1)
        )
        return condition, [condition] * len(self.blocks)


class BigGANDeepDiscriminator(ResNetDiscriminator):
    """The generator's blocks backwards, after a 3x3 convolution; at 32 pixels the maps are halved twice only."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 128,  # pixels a side: 32, 48, 64 or 128
        image_channels: int = 3,  # 1 grey, 3 colour
        num_classes: int = 1000,  # 0: unconditional
        width: int = 128,  # channels of the largest map; a quarter of all at 32 pixels
    ) -> None:
        super().__init__()
        check_size(image_size)
        channels = [width * factor for factor in reversed(GROWTH[image_size][1])]
        blocks: list[nn.Module] = [convolution(image_channels, channels[0], 3, True)]
        for (in_channels, out_channels), (_, half) in zip(pairwise(channels), SHRINKAGE[image_size], strict=False):
            blocks += [
                DownBottleneck(in_channels, out_channels, half=half),
                DownBottleneck(out_channels, out_channels, half=False),
            ]
        self.blocks = nn.ModuleList(blocks)
        self.attention, self.attended, self.mean = (
            SelfAttention(channels[1]),
            3,
            False,
        )  # after the convolution and two blocks
        self.build_head(channels[-1])
        orthogonal_initialisation(self)


def smallest_map(image_size: int, width: int, latent_distribution: str) -> tuple[int, list[int]]:
    """The side of the smallest map, and the channels before and after each doubling."""
    check_size(image_size)
    check_latent_distribution(latent_distribution)
    base, growth = GROWTH[image_size]
    return base, [width * factor for factor in growth]


def split(latent_dim: int, parts: int) -> list[int]:
    """Lengths of so many equal parts of the latents; what is left over goes to the first.

    Raises `ValueError` where a part would be empty.
    """
    each = latent_dim // parts
    if not each:
        raise ValueError(
            f"latent_dim={latent_dim} is too small for {parts} parts, one for the first layer and each block; use more"
        )
    return [latent_dim - each * (parts - 1), *[each] * (parts - 1)]
