"""pix2pix: a U-Net that translates images and a discriminator of patches (arXiv:1611.07004), in the widely
used form.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.initialisation import dcgan_initialisation
from ._network import Network, TranslationNetwork

IMAGE_SIZES = (16, 32, 64, 128, 256, 512)
DROPOUT = 0.5
NORMS = {"batch": nn.BatchNorm2d, "instance": partial(nn.InstanceNorm2d, affine=True)}
STAGES = 3  # of the discriminator with patches of 70 pixels


def level_widths(image_size: int, width: int) -> list[int]:
    """Channels after each halving, down to a single pixel: doubled each time, up to 8 times `width`."""
    if image_size not in IMAGE_SIZES:
        raise ValueError(
            f"image_size={image_size} is not a size that pix2pix makes; use one of {', '.join(map(str, IMAGE_SIZES))}"
        )
    return [width * min(2**level, 8) for level in range(image_size.bit_length() - 1)]


def patch_size(stages: int) -> int:
    """Side, in pixels, of what one logit sees after `stages` halvings: 16, 34 or 70 for 1, 2 or 3."""
    return 9 * 2**stages - 2


def fitting_stages(image_size: int) -> int:
    """As many halvings as the paper's discriminator where a patch is then smaller than the image, otherwise as many as
    leave it so, or 1.

    One logit that sees the whole image would measure the image, not its texture: the 70 pixels are a quarter of the
    paper's 256.
    """
    return max([stages for stages in range(1, STAGES + 1) if patch_size(stages) < image_size], default=1)


class Pix2PixGenerator(TranslationNetwork):
    """A U-Net: halvings to a single pixel and doublings back, each of which also sees the halving of its size.

    In training, dropout in up to three of the inner doublings is the noise (arXiv:1611.07004, section 3.2); in eval
    mode there is none, so that one input has one translation. Below 64 pixels no doubling is wide enough to have it.
    Larger inputs are translated as well, where their sides are multiples of `image_size`.
    """

    halo = None  # the smallest map sees the whole image

    @register_to_config
    def __init__(
        self,
        image_size: int = 256,  # pixels a side: 16, 32, 64, 128, 256 or 512
        image_channels: int = 3,  # of the translation: 1 grey, 3 colour
        input_channels: int = 3,  # of what is translated: 1 grey, 3 colour
        width: int = 64,  # channels of the largest feature map
        norm: str = "batch",  # or instance: each image by its own statistics, also in eval mode
        bias: bool = False,  # of the two halvings that no norm follows, as authors' U-Nets of instance norm have
    ) -> None:
        super().__init__()
        widths, norms = level_widths(image_size, width), _norm_named(norm)
        last = len(widths) - 1
        self.down = nn.ModuleList([nn.Conv2d(input_channels, width, 4, 2, 1, bias=bias)])
        for level in range(1, last):
            self.down.append(_halving(widths[level - 1], widths[level], norms))
        self.down.append(_halving(widths[last - 1], widths[last], None, bias))
        self.up = nn.ModuleList([_doubling(widths[last], widths[last - 1], norms)])
        for level in range(last - 1, 0, -1):
            noisy = level >= last - 3 and widths[level - 1] == 8 * width
            self.up.append(_doubling(2 * widths[level], widths[level - 1], norms, DROPOUT if noisy else 0.0))
        self.to_image = nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(2 * width, image_channels, 4, 2, 1), nn.Tanh())
        self.apply(dcgan_initialisation)

    @property
    def size_multiple(self) -> int:
        """A side is halved to a single pixel at `image_size`."""
        return self.config.image_size

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """inputs: float [N, input_channels, H, W] in [-1, 1], sides multiples of `image_size`.

        Returns images: float [N, image_channels, H, W] in [-1, 1].
        """
        features, skips = inputs, []
        for halve in self.down:
            features = halve(features)
            skips.append(features)
        skips.pop()  # the single pixel goes on as it is
        for double in self.up:
            features = torch.cat([double(features), skips.pop()], dim=1)
        return self.to_image(features)


Norm = Callable[[int], nn.Module]


def _norm_named(norm: str) -> Norm:
    if norm not in NORMS:
        raise ValueError(f"norm={norm!r} is not known; use one of {', '.join(NORMS)}")
    return NORMS[norm]


def _halving(channels: int, features: int, norm: Norm | None, bias: bool = False) -> nn.Sequential:
    """norm: not where a single pixel is left, whose norm over one image would be zero."""
    layers = [nn.LeakyReLU(0.2), nn.Conv2d(channels, features, 4, 2, 1, bias=bias)]
    return nn.Sequential(*layers, *([norm(features)] if norm else []))


def _doubling(channels: int, features: int, norm: Norm, dropout: float = 0.0) -> nn.Sequential:
    layers = [nn.ReLU(), nn.ConvTranspose2d(channels, features, 4, 2, 1, bias=False), norm(features)]
    return nn.Sequential(*layers, *([nn.Dropout(dropout)] if dropout else []))


class Pix2PixDiscriminator(Network):
    """Tells, patch by patch, the true image of an input from a translation (arXiv:1611.07004, section 3.2.2)."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 256,  # pixels a side: 16, 32, 64, 128, 256 or 512
        image_channels: int = 3,  # of the translation: 1 grey, 3 colour
        input_channels: int = 3,  # of what is translated: 1 grey, 3 colour
        width: int = 64,  # channels of the largest feature map
        stages: int | None = None,  # halvings: 1, 2 or 3 for patches of 16, 34 or 70 pixels; none: fits image_size
        norm: str = "batch",  # or instance
    ) -> None:
        super().__init__()
        level_widths(image_size, width)
        norms = _norm_named(norm)
        stages = fitting_stages(image_size) if stages is None else stages
        if not 1 <= stages <= STAGES or image_size >> stages < 4:
            raise ValueError(
                f"stages={stages} is not possible with image_size={image_size}; use {fitting_stages(image_size)} or "
                "none"
            )
        self.layers = patch_layers(input_channels + image_channels, width, stages, norms)
        self.apply(dcgan_initialisation)

    def forward(self, inputs: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        """inputs, images: float [N, C_in, H, W] and [N, C, H, W] in [-1, 1]. Returns logits: float [N, h, w], positive
        for "real".
        """
        return self.layers(torch.cat([inputs, images], dim=1)).squeeze(1)


def patch_layers(in_channels: int, width: int, stages: int, norm: Norm) -> nn.Sequential:
    """4x4 convolutions to a logit of each patch: one that halves, `stages` more of which the last does not, and a last
    one.
    """
    layers = [nn.Conv2d(in_channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
    for stage in range(1, stages + 1):
        stride = 1 if stage == stages else 2
        convolution = nn.Conv2d(width * 2 ** (stage - 1), width * 2**stage, 4, stride, 1, bias=False)
        layers += [convolution, norm(width * 2**stage), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(width * 2**stages, 1, 4, 1, 1))
