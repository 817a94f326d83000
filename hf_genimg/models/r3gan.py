"""R3GAN (arXiv:2501.05441): a modernised residual pair without norm, noise or other tricks; the penalties of its recipe
keep it stable.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.labels import rows
from ..layers.latents import check_latent_distribution
from ..layers.resampling import doubled, halved
from ._network import LatentNetwork, Network, check_labels

IMAGE_SIZES = (8, 16, 28, 32, 64, 128, 256)
BLOCKS = 2  # of each stage
GROUP = 16  # channels that a 3x3 convolution mixes
GAIN = math.sqrt(2 / 1.04)  # of a leaky ReLU with slope 0.2: keeps the variance


def stage_widths(image_size: int, width: int, widest: int) -> list[int]:
    """Channels of each stage, the smallest map first: `width` up to `widest` pixels, halved at each doubling above."""
    if image_size not in IMAGE_SIZES:
        raise ValueError(
            f"image_size={image_size} is not a size that R3GAN makes; use one of {', '.join(map(str, IMAGE_SIZES))}"
        )
    if widest < 1:
        raise ValueError(f"widest={widest} must be above 0: pixels a side of the largest map with {width} channels")
    stages = (image_size // base_size(image_size)).bit_length()
    halvings = [max(0, math.ceil(math.log2(base_size(image_size) * 2**stage / widest))) for stage in range(stages)]
    unit = GROUP // 2 * 2 ** halvings[-1]  # a 3x3 convolution has twice as many channels, in whole groups
    if width % unit:
        raise ValueError(f"width={width} must be a multiple of {unit} at image_size={image_size} with widest={widest}")
    return [width // 2**times for times in halvings]


def base_size(image_size: int) -> int:
    """The side of the smallest map."""
    return 7 if image_size == 28 else 4


def init_weights(layer: nn.Module, gain: float = 1.0) -> nn.Module:
    """Weights from N(0, gain^2 / fan in)."""
    nn.init.normal_(layer.weight, std=gain / math.sqrt(layer.weight[0].numel()))
    return layer


class _BiasedActivation(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def after(self, convolution: nn.Conv2d, maps: torch.Tensor) -> torch.Tensor:
        """Of a convolution without bias, which adds this one at no cost."""
        made = nn.functional.conv2d(
            maps, convolution.weight, self.bias, padding=convolution.padding, groups=convolution.groups
        )
        return nn.functional.leaky_relu_(made, 0.2)


class _Block(nn.Module):
    """1x1 to twice the channels, grouped 3x3, 1x1 back, which begins at zero; scaled for the number of blocks
    (arXiv:1901.09321).
    """

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        wide, gain = 2 * channels, GAIN * blocks**-0.25
        self.layers = nn.Sequential(
            init_weights(nn.Conv2d(channels, wide, 1, bias=False), gain),
            _BiasedActivation(wide),
            init_weights(nn.Conv2d(wide, wide, 3, padding=1, groups=wide // GROUP, bias=False), gain),
            _BiasedActivation(wide),
            init_weights(nn.Conv2d(wide, channels, 1, bias=False), 0.0),
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        widen, first, mix, second, narrow = self.layers
        return maps + narrow(second.after(mix, first.after(widen, maps)))


def _stages(widths: list[int]) -> nn.ModuleList:
    return nn.ModuleList(
        nn.Sequential(*(_Block(width, BLOCKS * len(widths)) for _ in range(BLOCKS))) for width in widths
    )


def _changes(widths: list[int]) -> nn.ModuleList:
    """Between stages: 1x1 where the number of channels changes."""
    return nn.ModuleList(
        nn.Identity() if one == two else init_weights(nn.Conv2d(one, two, 1, bias=False))
        for one, two in pairwise(widths)
    )


class R3GANGenerator(LatentNetwork):
    """A learned basis of smallest maps, weighted by latents (and class), then stages of two blocks with doublings
    between.
    """

    mixes_labels = True

    @register_to_config
    def __init__(
        self,
        image_size: int = 32,  # pixels a side: 8, 16, 28, 32, 64, 128 or 256
        image_channels: int = 3,  # 1 grey, 3 colour
        latent_dim: int = 64,
        num_classes: int = 10,  # 0: unconditional
        width: int = 768,  # channels of the small maps
        widest: int = 32,  # pixels a side of the largest map with so many; half of them at each doubling above
        latent_distribution: str = "normal",  # normal, uniform or truncated
    ) -> None:
        super().__init__()
        check_latent_distribution(latent_distribution)
        widths, side = stage_widths(image_size, width, widest), base_size(image_size)
        self.classes = init_weights(nn.Linear(num_classes, latent_dim, bias=False)) if num_classes else None
        self.weights = init_weights(nn.Linear(latent_dim * (2 if num_classes else 1), widths[0], bias=False))
        self.basis = nn.Parameter(torch.randn(widths[0], side, side))
        self.stages, self.changes = _stages(widths), _changes(widths)
        self.to_pixels = init_weights(nn.Conv2d(widths[-1], image_channels, 1, bias=False))

    def forward(self, latents: torch.Tensor, class_labels: torch.Tensor | None = None) -> torch.Tensor:
        """latents: float [N, latent_dim]; class_labels: int64 [N] or weights, float [N, num_classes], or None.

        Returns images: float [N, C, H, W], in [-1, 1] in eval mode.

        In training mode nothing holds them there but the discriminator, as in the paper.
        """
        check_labels(self.config.num_classes, class_labels)
        if self.classes is not None:
            latents = torch.cat([latents, rows(self.classes.weight.T, class_labels)], 1)
        maps = self.stages[0](self.weights(latents)[:, :, None, None] * self.basis)
        for change, stage in zip(self.changes, self.stages[1:], strict=True):
            maps = stage(doubled(change(maps)))
        images = self.to_pixels(maps)
        return images if self.training else images.clamp(-1, 1)


class R3GANDiscriminator(Network):
    """The generator in reverse: stages with halvings between, the smallest map weighed position by position, linear."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 32,  # pixels a side: 8, 16, 28, 32, 64, 128 or 256
        image_channels: int = 3,  # 1 grey, 3 colour
        num_classes: int = 10,  # 0: unconditional
        width: int = 768,  # channels of the small maps
        widest: int = 32,  # pixels a side of the largest map with so many; half of them at each doubling above
    ) -> None:
        super().__init__()
        widths, side = stage_widths(image_size, width, widest)[::-1], base_size(image_size)
        self.from_pixels = init_weights(nn.Conv2d(image_channels, widths[0], 1, bias=False))
        self.stages, self.changes = _stages(widths), _changes(widths)
        self.basis = init_weights(nn.Conv2d(widths[-1], widths[-1], side, groups=widths[-1], bias=False))
        self.head = init_weights(nn.Linear(widths[-1], widths[-1] if num_classes else 1, bias=False))
        self.classes = init_weights(nn.Linear(num_classes, widths[-1], bias=False), 1.0) if num_classes else None

    def forward(self, images: torch.Tensor, class_labels: torch.Tensor | None = None) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]; class_labels: int64 [N], or None. Returns logits: float [N], positive
        for "real".
        """
        check_labels(self.config.num_classes, class_labels)
        maps = self.stages[0](self.from_pixels(images))
        for change, stage in zip(self.changes, self.stages[1:], strict=True):
            maps = stage(change(halved(maps)))
        scores = self.head(self.basis(maps).flatten(1))
        return scores.squeeze(1) if self.classes is None else (scores * self.classes.weight.T[class_labels]).sum(1)
