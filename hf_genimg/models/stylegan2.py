"""StyleGAN2 (arXiv:1912.04958), as configured in StyleGAN2-ADA (arXiv:2006.06676): a mapping of latents to styles,
which modulate the convolutions of a generator with skips; a residual discriminator.
"""

from __future__ import annotations

import copy
import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.equalized import SLOPE, EqualizedConv2d, EqualizedLinear, pixel_norm
from ..layers.fir import downsampled, filtered
from ..layers.fir import upsampled as upsampled_image
from ..layers.labels import rows
from ..layers.latents import check_latent_distribution
from ..layers.minibatch_std import MinibatchStd
from ..layers.modulated import GAIN, StyledConvolution, ToImage
from ..layers.pyramid import channels_of, sides_of
from ._network import LatentNetwork, Network, check_labels

LEARNING_RATE = 0.01  # factor in the mapping
DECAY = 0.995  # of the running mean of w, per update of the generator
DISCRIMINATOR_MAPPING = 8  # layers from a class to what the discriminator's features are projected on
ARCHITECTURES = ("resnet", "orig")


class _Mapping(nn.Module):
    """Latents and class to w: normalized, then fully connected layers with a hundredth of the learning rate.

    latent_dim 0: from the class alone.
    """

    def __init__(self, latent_dim: int, num_classes: int, style_dim: int, layers: int) -> None:
        super().__init__()
        self.embed = EqualizedLinear(num_classes, style_dim) if num_classes else None
        first = latent_dim + (style_dim if num_classes else 0)
        sizes = [first, *[style_dim] * layers]
        self.layers = nn.ModuleList(
            EqualizedLinear(before, after, learning_rate=LEARNING_RATE) for before, after in pairwise(sizes)
        )

    def forward(self, latents: torch.Tensor | None, class_labels: torch.Tensor | None = None) -> torch.Tensor:
        """latents: float [N, latent_dim]; class_labels: int64 [N] or weights. Returns w: float [N, style_dim]."""
        parts = [] if latents is None else [pixel_norm(latents.float())]
        if self.embed is not None:
            embedded = rows(self.embed.weight.T * self.embed.scale, class_labels) + self.embed.bias
            parts.append(pixel_norm(embedded.float()))
        features = torch.cat(parts, 1)
        for layer in self.layers:
            features = F.leaky_relu(layer(features, GAIN), SLOPE)
        return features


class _StyleMean(nn.Module):
    """The running mean of w, which moves once per update of the generator (see `after_update`)."""

    def __init__(self, style_dim: int) -> None:
        super().__init__()
        self.register_buffer("value", torch.zeros(style_dim))
        self.register_buffer("gathered", torch.zeros(style_dim + 1), persistent=False)

    @torch.no_grad()
    def observe(self, w: torch.Tensor) -> None:
        """Add w, float [N, style_dim], to what the mean moves to after this update."""
        self.gathered += torch.cat([w.sum(0).float(), w.new_full((1,), len(w)).float()])

    @torch.no_grad()
    def after_update(self) -> None:
        """Move the mean by what all processes observed."""
        if self.gathered[-1] > 0:
            self.value.lerp_(self.gathered[:-1] / self.gathered[-1], 1 - DECAY)


class _Block(nn.Module):
    """Two styled convolutions, the first of which doubles the size, and a skip to the image."""

    def __init__(self, in_channels: int, out_channels: int, image_channels: int, style_dim: int) -> None:
        super().__init__()
        self.first = StyledConvolution(in_channels, out_channels, style_dim, up=True)
        self.second = StyledConvolution(out_channels, out_channels, style_dim)
        self.to_image = ToImage(out_channels, image_channels, style_dim)


class StyleGAN2Generator(LatentNetwork):
    """Latents to w, and w to images: a learned 4x4 (7x7 for 28 pixels), then blocks that double it, whose images are
    summed.

    Latents may also be w for each layer, float [N, mixing_layers, style_dim] (W+). Noise inputs come from `noise`;
    without it they are random in training mode, and the constant ones in eval mode.
    """

    mixes_labels = True

    @register_to_config
    def __init__(
        self,
        image_size: int = 256,  # pixels a side: a power of two from 8 to 1024, or 28
        image_channels: int = 3,  # 1 grey, 3 colour
        latent_dim: int = 512,
        num_classes: int = 0,  # 0: unconditional
        width: int = 512,  # most channels of a map
        capacity: int = 16384,  # a map has this over its side as channels, `width` at most
        style_dim: int = 512,  # numbers in w
        mapping_layers: int = 8,
        truncated_layers: int | None = None,  # truncation moves w in the first so many layers; None: in all
        latent_distribution: str = "normal",  # normal, uniform or truncated
    ) -> None:
        super().__init__()
        check_latent_distribution(latent_distribution)
        self.sides = sides_of(image_size, "StyleGAN2")
        channels = [channels_of(side, width, capacity) for side in self.sides]
        if not 1 <= mapping_layers <= 32:
            raise ValueError(f"mapping_layers={mapping_layers} must be from 1 to 32")
        self.mapping = _Mapping(latent_dim, num_classes, style_dim, mapping_layers)
        self.style_mean = _StyleMean(style_dim)
        self.constant = nn.Parameter(torch.randn(channels[0], self.sides[0], self.sides[0]))
        self.first = StyledConvolution(channels[0], channels[0], style_dim)
        self.to_image = ToImage(channels[0], image_channels, style_dim)
        self.blocks = nn.ModuleList(
            _Block(before, after, image_channels, style_dim) for before, after in pairwise(channels)
        )
        self.register_buffer("constant_noise", torch.randn(self.noise_size))
        self.truncation = 1.0

    @property
    def mixing_layers(self) -> int:
        """How many layers have a w of their own; the skip of a block has that of the next block's first layer."""
        return 2 * len(self.sides)

    @property
    def style_shape(self) -> tuple[int, int]:
        """Of the w of one image in W+."""
        return self.mixing_layers, self.config.style_dim

    @property
    def noise_sides(self) -> list[int]:
        """The side of each noise map."""
        return [self.sides[0], *(side for side in self.sides[1:] for _ in range(2))]

    @property
    def noise_size(self) -> int:
        """How many numbers all noise maps of an image have."""
        return sum(side**2 for side in self.noise_sides)

    def sample_noise(self, num_images: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Sample all noise maps, one after the other: float [num_images, noise_size] from N(0, 1)."""
        device = self.device if generator is None else generator.device
        return torch.randn(num_images, self.noise_size, generator=generator, device=device)

    def truncate(self, latents: torch.Tensor, truncation: float) -> torch.Tensor:
        """Latents stay as they are: truncation moves w (see `at_truncation`)."""
        return latents

    def at_truncation(self, truncation: float) -> StyleGAN2Generator:
        """The same network, which moves w towards its mean: mean + truncation (w - mean)."""
        if truncation == self.truncation:
            return self
        network = copy.copy(self)  # shares all weights
        network.truncation = truncation
        return network

    def map(
        self, latents: torch.Tensor, class_labels: torch.Tensor | None = None, *, observe: bool = False
    ) -> torch.Tensor:
        """The w of each layer, float [N, mixing_layers, style_dim], truncated; latents as for `forward`.

        observe: let the running mean of w take these in, after this update.
        """
        if latents.dim() == 3:
            w = latents
        else:
            check_labels(self.config.num_classes, class_labels)
            w = self.mapping(latents, class_labels)
            if observe:
                self.style_mean.observe(w)
            w = w[:, None].expand(-1, self.mixing_layers, -1)
        if self.truncation == 1:
            return w
        mean, cutoff = self.style_mean.value.to(w.dtype), self.config.truncated_layers
        moved = torch.lerp(mean.expand_as(w), w, self.truncation)
        return moved if cutoff is None else torch.cat([moved[:, :cutoff], w[:, cutoff:]], 1)

    def synthesize(self, w: torch.Tensor, noise: torch.Tensor | None = None) -> torch.Tensor:
        """Images, float [N, C, H, W], of w, float [N, mixing_layers, style_dim], and noise as for `forward`."""
        maps_of_noise = self._noise(len(w), noise)
        layers = w.unbind(1)
        maps = self.first(self.constant[None], layers[0], maps_of_noise[0])
        images = self.to_image(maps, layers[1])
        for number, block in enumerate(self.blocks):
            maps = block.first(maps, layers[2 * number + 1], maps_of_noise[2 * number + 1])
            maps = block.second(maps, layers[2 * number + 2], maps_of_noise[2 * number + 2])
            images = upsampled_image(images) + block.to_image(maps, layers[2 * number + 3])
        return images if self.training else images.clamp(-1, 1)

    def _noise(self, count: int, noise: torch.Tensor | None) -> list[torch.Tensor]:
        """The noise maps, each float [N, 1, side, side], or of one image where they are constant."""
        if noise is None:
            noise = self.sample_noise(count) if self.training else self.constant_noise[None]
        parts = noise.split([side**2 for side in self.noise_sides], 1)
        return [part.unflatten(1, (1, side, side)) for part, side in zip(parts, self.noise_sides, strict=True)]

    def forward(
        self,
        latents: torch.Tensor,
        class_labels: torch.Tensor | None = None,
        *,
        noise: torch.Tensor | None = None,
        mixing_latents: torch.Tensor | None = None,
        mixing_start: int | None = None,
    ) -> torch.Tensor:
        """Generate images.

        Args:
            latents: float [N, latent_dim]; or w, float [N, mixing_layers, style_dim].
            class_labels: int64 [N] or weights, float [N, num_classes], or None.
            noise: float [N, noise_size], the noise maps one after the other.
            mixing_latents, mixing_start: the w of the layers from mixing_start on are those of these latents.

        Returns:
            float [N, C, H, W], in [-1, 1] in eval mode; in training mode nothing holds them there but the
            discriminator.
        """
        w = self.map(latents, class_labels, observe=self.training)
        if mixing_latents is not None:
            other = self.map(mixing_latents, class_labels)
            w = torch.cat([w[:, :mixing_start], other[:, mixing_start:]], 1)
        return self.synthesize(w, noise)


class _DownBlock(nn.Module):
    """Two 3x3 convolutions, the second of which halves the size, and in `resnet` a shortcut of 1x1."""

    def __init__(self, in_channels: int, out_channels: int, *, residual: bool) -> None:
        super().__init__()
        self.first = EqualizedConv2d(in_channels, in_channels, 3)
        self.second = EqualizedConv2d(in_channels, out_channels, 3, stride=2, padding=0)
        self.shortcut = EqualizedConv2d(in_channels, out_channels, 1, bias=False) if residual else None

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """maps: float [N, in_channels, 2H, 2W]. Returns float [N, out_channels, H, W]."""
        made = F.leaky_relu(self.first(maps, GAIN), SLOPE)
        made = filtered(made, (2, 2))
        if self.shortcut is None:
            return F.leaky_relu(self.second(made, GAIN), SLOPE)
        shortcut = self.shortcut(downsampled(maps), math.sqrt(0.5))  # the sum of both is scaled by sqrt(1/2)
        return F.leaky_relu(self.second(made), SLOPE) + shortcut


class StyleGAN2Discriminator(Network):
    """1x1 from the image, blocks that halve the size, the deviation over groups of images, 3x3, two linear layers.

    With classes the logit is the inner product of its features and those of the class (arXiv:1802.05637), over
    sqrt(width).
    """

    @register_to_config
    def __init__(
        self,
        image_size: int = 256,  # pixels a side: a power of two from 8 to 1024, or 28
        image_channels: int = 3,  # 1 grey, 3 colour
        num_classes: int = 0,  # 0: unconditional
        width: int = 512,  # most channels of a map
        capacity: int = 16384,  # a map has this over its side as channels, `width` at most
        architecture: str = "resnet",  # or orig: blocks without shortcuts, for CIFAR
        minibatch_std: bool = True,  # append the standard deviation over groups of images
        group_size: int = 4,  # images of such a group
    ) -> None:
        super().__init__()
        if architecture not in ARCHITECTURES:
            raise ValueError(f"architecture={architecture!r} is not known; use one of {', '.join(ARCHITECTURES)}")
        sides = sides_of(image_size, "StyleGAN2")[::-1]
        channels = [channels_of(side, width, capacity) for side in sides]
        last = channels[-1]
        self.from_image = EqualizedConv2d(image_channels, channels[0], 1)
        self.blocks = nn.ModuleList(
            _DownBlock(before, after, residual=architecture == "resnet") for before, after in pairwise(channels)
        )
        self.deviation = MinibatchStd(group_size) if minibatch_std else nn.Identity()
        self.conv = EqualizedConv2d(last + (1 if minibatch_std else 0), last, 3)
        self.linear = EqualizedLinear(last * sides[-1] ** 2, last)
        self.out = EqualizedLinear(last, last if num_classes else 1)
        self.mapping = _Mapping(0, num_classes, last, DISCRIMINATOR_MAPPING) if num_classes else None

    def forward(self, images: torch.Tensor, class_labels: torch.Tensor | None = None) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]; class_labels: int64 [N], or None. Returns logits: float [N], positive
        for "real".
        """
        check_labels(self.config.num_classes, class_labels)
        maps = F.leaky_relu(self.from_image(images, GAIN), SLOPE)
        for block in self.blocks:
            maps = block(maps)
        maps = F.leaky_relu(self.conv(self.deviation(maps), GAIN), SLOPE)
        features = self.out(F.leaky_relu(self.linear(maps.flatten(1), GAIN), SLOPE))
        if self.mapping is None:
            return features.squeeze(1)
        projection = self.mapping(None, class_labels)
        return (features * projection).sum(1) / math.sqrt(projection.shape[1])
