"""Context encoder: an encoder and decoder that fill in the centre of an image (arXiv:1604.07379)."""

from __future__ import annotations

from itertools import pairwise

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.initialisation import dcgan_initialisation
from ._network import Network, TranslationNetwork

IMAGE_SIZES = (16, 32, 64, 128)


def _halvings(image_size: int) -> int:
    """From the centre, half of the image, to 4 pixels."""
    if image_size not in IMAGE_SIZES:
        raise ValueError(
            f"image_size={image_size} is not a size that the context encoder fills in; use one of "
            f"{', '.join(map(str, IMAGE_SIZES))}"
        )
    return (image_size // 8).bit_length() - 1


class ContextEncoderGenerator(TranslationNetwork):
    """The image to a vector, and the vector to its central half, of which the masked pixels are taken (figure 9a)."""

    conditions = ("inputs", "mask")
    size_multiple = 0  # images are of image_size
    halo = None

    @register_to_config
    def __init__(
        self,
        image_size: int = 128,  # pixels a side: 16, 32, 64 or 128
        image_channels: int = 3,  # 1 grey, 3 colour
        input_channels: int = 3,  # the same
        width: int = 64,  # channels of the largest feature maps
        bottleneck: int = 100,  # numbers that the image becomes; 4000 in the paper
    ) -> None:
        super().__init__()
        if input_channels != image_channels:
            raise ValueError(
                f"input_channels={input_channels} differs from image_channels={image_channels}; use equal ones"
            )
        halvings = _halvings(image_size)
        widths = [width, *(width * 2**level for level in range(halvings))]
        encoder = [nn.Conv2d(input_channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for one, other in pairwise(widths):
            encoder += [nn.Conv2d(one, other, 4, 2, 1), nn.BatchNorm2d(other), nn.LeakyReLU(0.2)]
        encoder += [nn.Conv2d(widths[-1], bottleneck, 4), nn.BatchNorm2d(bottleneck), nn.LeakyReLU(0.2)]
        decoder: list[nn.Module] = [nn.ConvTranspose2d(bottleneck, widths[-1], 4)]
        for one, other in zip(widths[:1:-1], widths[-2:0:-1], strict=True):
            decoder += [nn.BatchNorm2d(one), nn.ReLU(), nn.ConvTranspose2d(one, other, 4, 2, 1)]
        decoder += [nn.BatchNorm2d(width), nn.ReLU(), nn.ConvTranspose2d(width, image_channels, 4, 2, 1), nn.Tanh()]
        self.encoder, self.decoder = nn.Sequential(*encoder), nn.Sequential(*decoder)
        self.apply(dcgan_initialisation)

    @property
    def centre(self) -> slice:
        """Rows and columns that are filled in."""
        quarter = self.config.image_size // 4
        return slice(quarter, 3 * quarter)

    def forward(self, inputs: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """inputs: float [N, C, image_size, image_size] in [-1, 1]. mask: float [N, 1, image_size, image_size], 1 where
        something is filled in.

        Returns images: float of the shape of the inputs, which they are where the mask is 0. Raises `ValueError` for a
        mask that marks pixels outside of the centre.
        """
        marked = mask > 0.5
        exported = torch.compiler.is_exporting()  # a graph does not raise: it keeps what is outside as it is
        if not exported and marked.sum() != marked[..., self.centre, self.centre].sum():
            raise ValueError(
                "mask marks pixels outside of the central half, which a context encoder does not fill in; mark less, "
                "or use a model of gated_inpainting"
            )
        images = inputs.clone()
        images[..., self.centre, self.centre] = self.predicted(inputs).to(images.dtype)
        return torch.where(marked, images, inputs)

    def predicted(self, inputs: torch.Tensor) -> torch.Tensor:
        """The central half of the images, whole: float [N, C, image_size / 2, image_size / 2] in [-1, 1]."""
        return self.decoder(self.encoder(inputs))


class ContextEncoderDiscriminator(Network):
    """Real and predicted centres, apart from the image around them."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 64,  # pixels a side of the centre, half of the image: 8, 16, 32 or 64
        image_channels: int = 3,  # 1 grey, 3 colour
        width: int = 64,  # channels of the largest feature maps
    ) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(_halvings(2 * image_size))]
        layers = [nn.Conv2d(image_channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for one, other in pairwise(widths):
            layers += [nn.Conv2d(one, other, 4, 2, 1), nn.BatchNorm2d(other), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 4))
        self.apply(dcgan_initialisation)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns logits: float [N], positive for "real"."""
        return self.layers(images).flatten()
