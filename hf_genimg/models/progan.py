"""Progressive growing of GANs (arXiv:1710.10196): both networks begin at the smallest size, and larger ones fade in."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.equalized import SLOPE, EqualizedConv2d, EqualizedLinear, pixel_norm
from ..layers.latents import check_latent_distribution
from ..layers.minibatch_std import MinibatchStd
from ..layers.pyramid import channels_of, sides_of
from ._network import LatentNetwork, Network, refuse_labels

GAIN = math.sqrt(2)  # of the weights before a leaky ReLU (arXiv:1502.01852)


def doubled(maps: torch.Tensor, factor: int = 2) -> torch.Tensor:
    """Float [N, C, H, W] with every pixel repeated `factor` times a side."""
    return maps if factor == 1 else F.interpolate(maps, scale_factor=float(factor))


def reduced(maps: torch.Tensor, factor: int = 2) -> torch.Tensor:
    """Float [N, C, H, W] averaged over squares of `factor` pixels a side."""
    return maps if factor == 1 else F.avg_pool2d(maps, factor)


def faded_images(images: torch.Tensor, sides: list[int], stage: float) -> torch.Tensor:
    """Real images as they are at a stage of growth: of its size, and while that fades in, mixed with half of it.

    images: float [N, C, S, S], S the last of `sides`. stage: doublings that are in use, the last of them partly.
    Returns float [N, C, S, S], with repeated pixels.
    """
    share = stage - math.floor(stage) or 1.0
    factor = sides[-1] // sides[math.ceil(stage)]
    images = reduced(images, factor)
    mixed = images if share == 1 else torch.lerp(doubled(reduced(images)), images, share)
    return doubled(mixed, factor)


class _Growing(Network):
    """A network that grows: the buffer `stage`, saved with it, is how many doublings are in use, the last one partly
    while it fades in.
    """

    sides: list[int]

    def grow(self, stage: float) -> None:
        """Set the stage: from 0, the smallest size only, to the number of doublings."""
        self.stage.fill_(stage)

    @property
    def doublings(self) -> int:
        """At the full size."""
        return len(self.sides) - 1

    def used(self) -> int:
        """How many doublings are computed: in training mode those in use, otherwise all, of which some have no
        weight, so that an exported network does not depend on the stage.
        """
        return math.ceil(self.stage.item()) if self.training else self.doublings

    def share(self, doubling: int) -> torch.Tensor:
        """How far a doubling is faded in, from 0 to 1."""
        return (self.stage - (doubling - 1)).clamp(0, 1)


class _UpBlock(nn.Module):
    """Two 3x3 convolutions, each with leaky ReLU and pixel norm."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.first = EqualizedConv2d(in_channels, out_channels, 3, gain=GAIN)
        self.second = EqualizedConv2d(out_channels, out_channels, 3, gain=GAIN)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return activated(self.second(activated(self.first(doubled(maps)))))


def activated(maps: torch.Tensor) -> torch.Tensor:
    """Leaky ReLU and pixel norm."""
    return pixel_norm(F.leaky_relu(maps, SLOPE))


class ProGANGenerator(LatentNetwork, _Growing):
    """Normalized latents to 4x4 (7x7 for 28 pixels), then blocks after nearest doublings, pixel norm everywhere.

    Images always have the full size: smaller ones are enlarged by repeating pixels.
    """

    truncates = False

    @register_to_config
    def __init__(
        self,
        image_size: int = 1024,  # pixels a side: a power of two from 8 to 1024, or 28
        image_channels: int = 3,  # 1 grey, 3 colour
        latent_dim: int = 512,
        width: int = 512,  # most channels of a map
        capacity: int = 16384,  # a map has this over its side as channels, `width` at most
        latent_distribution: str = "normal",  # normal, uniform or truncated
        position_bias: bool = False,  # the first maps have a bias for each pixel, as in pytorch_GAN_zoo
    ) -> None:
        super().__init__()
        check_latent_distribution(latent_distribution)
        self.sides = sides_of(image_size, "ProGAN")
        channels = [channels_of(side, width, capacity) for side in self.sides]
        self.linear = EqualizedLinear(latent_dim, channels[0] * self.sides[0] ** 2, bias=None, gain=GAIN / 4)
        places = (self.sides[0], self.sides[0]) if position_bias else ()
        self.bias = nn.Parameter(torch.zeros(channels[0], *places))
        self.first = EqualizedConv2d(channels[0], channels[0], 3, gain=GAIN)
        self.blocks = nn.ModuleList(_UpBlock(*pair) for pair in pairwise(channels))
        self.to_image = nn.ModuleList(EqualizedConv2d(count, image_channels, 1) for count in channels)
        self.register_buffer("stage", torch.tensor(float(len(self.blocks))))

    def forward(self, latents: torch.Tensor, class_labels: None = None) -> torch.Tensor:
        """latents: float [N, latent_dim]. Returns images: float [N, C, H, W], in [-1, 1] in eval mode; in training mode
        nothing holds them there but the discriminator.
        """
        refuse_labels(class_labels)
        maps = self.linear(pixel_norm(latents)).unflatten(1, (-1, self.sides[0], self.sides[0]))
        bias = self.bias if self.bias.dim() == 3 else self.bias[:, None, None]
        maps = activated(self.first(activated(maps + bias)))
        used = self.used()
        images = self.to_image[0](maps)
        for doubling in range(1, used + 1):
            maps = self.blocks[doubling - 1](maps)
            larger = self.to_image[doubling](maps)
            images = torch.lerp(doubled(images), larger, self.share(doubling).to(larger.dtype))
        images = doubled(images, self.sides[-1] // self.sides[used])
        return images if self.training else images.clamp(-1, 1)


class _DownBlock(nn.Module):
    """Two 3x3 convolutions, each with leaky ReLU, and an average over 2x2."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.first = EqualizedConv2d(in_channels, in_channels, 3, gain=GAIN)
        self.second = EqualizedConv2d(in_channels, out_channels, 3, gain=GAIN)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        made = F.leaky_relu(self.second(F.leaky_relu(self.first(maps), SLOPE)), SLOPE)
        return reduced(made)


class ProGANDiscriminator(_Growing):
    """The generator in reverse, without norm; the deviation over groups of images before the last 3x3 convolution."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 1024,  # pixels a side: a power of two from 8 to 1024, or 28
        image_channels: int = 3,  # 1 grey, 3 colour
        width: int = 512,  # most channels of a map
        capacity: int = 16384,  # a map has this over its side as channels, `width` at most
        minibatch_std: bool = True,  # append the standard deviation over groups of images
        group_size: int = 4,  # images of such a group
    ) -> None:
        super().__init__()
        self.sides = sides_of(image_size, "ProGAN")
        channels = [channels_of(side, width, capacity) for side in self.sides]
        self.from_image = nn.ModuleList(EqualizedConv2d(image_channels, count, 1, gain=GAIN) for count in channels)
        self.blocks = nn.ModuleList(_DownBlock(after, before) for before, after in pairwise(channels))
        self.deviation = MinibatchStd(group_size) if minibatch_std else nn.Identity()
        self.last = EqualizedConv2d(channels[0] + (1 if minibatch_std else 0), channels[0], 3, gain=GAIN)
        self.linear = EqualizedLinear(channels[0] * self.sides[0] ** 2, channels[0], gain=GAIN)
        self.out = EqualizedLinear(channels[0], 1)
        self.register_buffer("stage", torch.tensor(float(len(self.blocks))))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1], of the full size. Returns logits: float [N], positive for "real"."""
        used = self.used()
        images = reduced(images, self.sides[-1] // self.sides[used])
        maps = F.leaky_relu(self.from_image[used](images), SLOPE)
        for doubling in range(used, 0, -1):
            images = reduced(images)
            smaller = F.leaky_relu(self.from_image[doubling - 1](images), SLOPE)
            maps = torch.lerp(smaller, self.blocks[doubling - 1](maps), self.share(doubling).to(smaller.dtype))
        maps = F.leaky_relu(self.last(self.deviation(maps)), SLOPE)
        return self.out(F.leaky_relu(self.linear(maps.flatten(1)), SLOPE)).squeeze(1)
