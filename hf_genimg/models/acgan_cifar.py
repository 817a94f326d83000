"""AC-GAN's networks for CIFAR-10 (arXiv:1610.09585, table 2): kernels of 5, and a discriminator of six convolutions
with dropout.

The paper's linear layer of 384 is taken as 384 maps of 4x4.
"""

from __future__ import annotations

from itertools import pairwise

from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.initialisation import dcgan_initialisation
from .acgan import ACGANDiscriminator, ACGANGenerator

IMAGE_SIZE, BASE = 32, 4  # pixels a side, of the image and of the smallest map
DROPOUT = 0.5


def refuse_other_sizes(image_size: int) -> None:
    """Raise `ValueError` for any image size but the one there is."""
    if image_size != IMAGE_SIZE:
        raise ValueError(
            f"image_size={image_size} is not what these networks make; use {IMAGE_SIZE}, or the recipe acgan"
        )


class ACGANCIFARGenerator(ACGANGenerator):
    """A linear layer to 4x4 maps, then three doublings by transposed convolutions; batch norm on the two between."""

    @register_to_config
    def __init__(
        self,
        image_size: int = IMAGE_SIZE,  # pixels a side: 32
        image_channels: int = 3,  # 1 grey, 3 colour
        latent_dim: int = 100,
        num_classes: int = 10,
        width: int = 96,  # channels of the largest feature map
        latent_distribution: str = "normal",  # normal, uniform or truncated
    ) -> None:
        refuse_other_sizes(image_size)
        super().__init__(image_size, image_channels, latent_dim, num_classes, width, latent_distribution)
        first = nn.Linear(latent_dim + num_classes, 4 * width * BASE**2)
        nn.init.normal_(first.weight, 0, 0.02)
        nn.init.zeros_(first.bias)
        layers: list[nn.Module] = [nn.Flatten(), first, nn.Unflatten(1, (4 * width, BASE, BASE)), nn.ReLU()]
        for wide, narrow in pairwise((4 * width, 2 * width, width)):
            layers += [_doubling(wide, narrow, bias=False), nn.BatchNorm2d(narrow), nn.ReLU()]
        self.layers = nn.Sequential(*layers, _doubling(width, image_channels), nn.Tanh())
        self.apply(dcgan_initialisation)


class ACGANCIFARDiscriminator(ACGANDiscriminator):
    """Convolutions of 3x3, twice the channels each, every other one a halving; leaky ReLU, dropout, batch norm on all
    but the first.
    """

    @register_to_config
    def __init__(
        self,
        image_size: int = IMAGE_SIZE,  # pixels a side: 32
        image_channels: int = 3,  # 1 grey, 3 colour
        auxiliary_outputs: int = 10,  # outputs of the auxiliary classifier
        width: int = 16,  # channels of the first feature map
    ) -> None:
        refuse_other_sizes(image_size)
        super().__init__(image_size, image_channels, auxiliary_outputs, width)
        layers: list[nn.Module] = []
        for number, (inputs, outputs) in enumerate(pairwise([image_channels, *(width * 2**step for step in range(6))])):
            norm = [nn.BatchNorm2d(outputs)] if number else []
            convolution = nn.Conv2d(inputs, outputs, 3, stride=1 + (number + 1) % 2, padding=1, bias=not norm)
            layers += [convolution, *norm, nn.LeakyReLU(0.2), nn.Dropout(DROPOUT)]
        self.trunk = nn.Sequential(*layers)
        self.head = nn.Conv2d(32 * width, 1, BASE)
        self.guess = nn.Conv2d(32 * width, auxiliary_outputs, BASE)
        self.apply(dcgan_initialisation)


def _doubling(inputs: int, outputs: int, bias: bool = True) -> nn.Module:
    return nn.ConvTranspose2d(inputs, outputs, 5, 2, 2, output_padding=1, bias=bias)
