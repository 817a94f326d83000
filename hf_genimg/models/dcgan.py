"""DCGAN: strided convolutions, batch norm in both networks (arXiv:1511.06434), in the widely used form with 4x4
kernels.
"""

from __future__ import annotations

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.convolution import Conv2d, ConvTranspose2d
from ..layers.initialisation import dcgan_initialisation
from ..layers.latents import check_latent_distribution
from ..layers.minibatch_std import MinibatchStd
from ..layers.normalization import feature_norm
from ._network import LatentNetwork, Network, refuse_labels

IMAGE_SIZES = (16, 28, 32, 64, 128, 256)


def base_size(image_size: int) -> int:
    """The side of the smallest feature map: 4 for powers of two, 7 for the 28 pixels of MNIST."""
    if image_size not in IMAGE_SIZES:
        raise ValueError(
            f"image_size={image_size} is not a size that DCGAN makes; use one of {', '.join(map(str, IMAGE_SIZES))}"
        )
    return 7 if image_size == 28 else 4


def stage_widths(image_size: int, width: int) -> list[int]:
    """Channels from the largest feature map to the smallest: doubled at each halving, up to 16 times `width`."""
    stages = (image_size // base_size(image_size)).bit_length() - 1
    return [width * min(2**stage, 16) for stage in range(stages)]


def growing(image_size: int, latent_dim: int, image_channels: int, width: int) -> nn.Sequential:
    """From a 1x1 map to an image: one transposed convolution to 4x4 (or 7x7), then doublings."""
    *narrower, widest = stage_widths(image_size, width)
    layers = [
        ConvTranspose2d(latent_dim, widest, base_size(image_size), bias=False),
        nn.BatchNorm2d(widest),
        nn.ReLU(),
    ]
    channels = widest
    for features in reversed(narrower):
        layers += [ConvTranspose2d(channels, features, 4, 2, 1, bias=False), nn.BatchNorm2d(features), nn.ReLU()]
        channels = features
    return nn.Sequential(*layers, ConvTranspose2d(channels, image_channels, 4, 2, 1, bias=False), nn.Tanh())


def shrinking(
    image_size: int, image_channels: int, width: int, minibatch_std: bool = False, normalization: str = "batch"
) -> nn.Sequential:
    """From an image to one number as a 1x1 map: halvings to 4x4 (or 7x7), then one convolution over all of it."""
    first, *wider = stage_widths(image_size, width)
    layers = [Conv2d(image_channels, first, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    channels = first
    for features in wider:
        norm = feature_norm(normalization, features)
        layers += [Conv2d(channels, features, 4, 2, 1, bias=False), norm, nn.LeakyReLU(0.2)]
        channels = features
    extra = [MinibatchStd()] if minibatch_std else []
    return nn.Sequential(*layers, *extra, Conv2d(channels + len(extra), 1, base_size(image_size), bias=False))


class DCGANGenerator(LatentNetwork):
    """Latents as a 1x1 map, one transposed convolution to 4x4 (or 7x7), then doublings; batch norm and ReLU between,
    tanh last.
    """

    @register_to_config
    def __init__(
        self,
        image_size: int = 64,  # pixels a side: 16, 28, 32, 64, 128 or 256
        image_channels: int = 3,  # 1 grey, 3 colour
        latent_dim: int = 100,
        width: int = 64,  # channels of the largest feature map
        latent_distribution: str = "normal",  # normal, uniform (the paper's) or truncated
    ) -> None:
        super().__init__()
        check_latent_distribution(latent_distribution)
        self.layers = growing(image_size, latent_dim, image_channels, width)
        self.apply(dcgan_initialisation)

    def forward(self, latents: torch.Tensor, class_labels: None = None) -> torch.Tensor:
        """latents: float [N, latent_dim]. Returns images: float [N, C, H, W] in [-1, 1]."""
        refuse_labels(class_labels)
        return self.layers(latents[:, :, None, None])


class DCGANDiscriminator(Network):
    """Halvings by strided convolutions to 4x4 (or 7x7), then one logit; leaky ReLU, batch norm on all layers but the
    first and the last.
    """

    @register_to_config
    def __init__(
        self,
        image_size: int = 64,  # pixels a side: 16, 28, 32, 64, 128 or 256
        image_channels: int = 3,  # 1 grey, 3 colour
        width: int = 64,  # channels of the largest feature map
        minibatch_std: bool = False,  # standard deviation over a group of images as a feature of the last layer
        normalization: str = "batch",  # batch, or group: of each image alone
    ) -> None:
        super().__init__()
        self.layers = shrinking(image_size, image_channels, width, minibatch_std, normalization)
        self.apply(dcgan_initialisation)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns logits: float [N], positive for "real"."""
        return self.layers(images).flatten()
