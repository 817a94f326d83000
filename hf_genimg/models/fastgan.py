"""FastGAN (arXiv:2101.04775): a small generator for few images, and a discriminator that also reconstructs them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.fastgan import (
    Excitation,
    GatedNorm,
    GatedUpBlock,
    NoisyGatedUpBlock,
    NormedDown,
    ResidualDown,
    first_convolution,
    normed_convolution,
    normed_layer,
)
from ..layers.latents import check_latent_distribution
from ..layers.residual import PlainNorm
from ._network import LatentNetwork, Network, refuse_labels

FACTORS = {4: 16, 8: 8, 16: 4, 32: 2, 64: 2, 128: 1, 256: 0.5, 512: 0.25, 1024: 0.125}  # channels by side, over `width`
IMAGE_SIZES = tuple(FACTORS)[2:]
FULL_SIDES = (8, 32, 128, 512)  # sides of the maps that full blocks make; the others are made by plain ones
EXCITED_SIDES = (64, 128, 256, 512)  # of maps with gains from another, a sixteenth as large
LARGEST_SMALL, LARGEST_MAP = 128, 256  # sides of the second image, and of the discriminator's first residual map
LAST_SIDE = 8  # of the discriminator's last map, of which a convolution over 4x4 makes logits


def check_size(image_size: int) -> None:
    """Raise `ValueError` for a size that FastGAN does not make."""
    if image_size not in IMAGE_SIZES:
        raise ValueError(
            f"image_size={image_size} is not a size that FastGAN makes; use one of {', '.join(map(str, IMAGE_SIZES))}"
        )


def small_size(image_size: int) -> int:
    """The side of the second image that both networks know: half, at most 128 pixels; 128 as published from 256 on."""
    return min(LARGEST_SMALL, image_size // 2)


class FastGANGenerator(LatentNetwork):
    """Latents to 4x4, doublings by plain and full blocks in turn, skip-layer excitation from 64 pixels on, tanh.

    Full blocks add noise. Sampling uses batch norm's running statistics, so that an image does not depend on the others
    of its batch; the published code samples with those of the batch, and has no tanh below 1024 pixels.
    """

    @register_to_config
    def __init__(
        self,
        image_size: int = 256,  # pixels a side: 16, 32, 64, 128, 256, 512 or 1024
        image_channels: int = 3,  # 1 grey, 3 colour
        latent_dim: int = 256,
        width: int = 64,  # a sixteenth of the channels at 4x4, half of those of the 32 and 64 pixel maps
        lite: bool = False,  # plain blocks only, without noise
        latent_distribution: str = "normal",  # normal, uniform or truncated
        tanh: bool = True,  # False: images are what the last convolution gives, cut off in eval mode
    ) -> None:
        super().__init__()
        check_latent_distribution(latent_distribution)
        check_size(image_size)
        channels = {side: max(1, int(factor * width)) for side, factor in FACTORS.items() if side <= image_size}
        self.full_sides = () if lite else tuple(side for side in FULL_SIDES if side <= image_size)
        self.first, self.gate = first_convolution(latent_dim, 2 * channels[4]), GatedNorm(channels[4], PlainNorm)
        self.blocks = nn.ModuleDict()
        for side, larger in pairwise(channels):
            block = NoisyGatedUpBlock if larger in self.full_sides else GatedUpBlock
            self.blocks[str(larger)] = block(channels[side], channels[larger], PlainNorm)
        self.excitations = nn.ModuleDict(
            {str(side): Excitation(channels[side // 16], channels[side]) for side in EXCITED_SIDES if side in channels}
        )
        self.last = normed_convolution(channels[image_size], image_channels, 3)
        self.small = normed_convolution(channels[small_size(image_size)], image_channels, 1)

    @property
    def noise_sizes(self) -> list[int]:
        """How many numbers of noise each full block takes for an image."""
        return [NoisyGatedUpBlock.noise_maps * side**2 for side in self.full_sides]

    def sample_noise(self, num_images: int, generator: torch.Generator | None = None) -> torch.Tensor | None:
        """float [num_images, M] from N(0, 1); None for a lite generator."""
        if not self.full_sides:
            return None
        device = self.device if generator is None else generator.device
        return torch.randn(num_images, sum(self.noise_sizes), generator=generator, device=device)

    def forward(
        self, latents: torch.Tensor, class_labels: None = None, *, noise: torch.Tensor | None = None
    ) -> torch.Tensor:
        """latents: float [N, latent_dim]; noise: float [N, M]; None: random in training, zeros otherwise.

        Returns images: float [N, C, H, W] in [-1, 1].
        """
        refuse_labels(class_labels)
        return self._bounded(self.last(self._maps(latents, noise)[self.config.image_size]))

    def with_small(self, latents: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The images of `forward`, and the second images, float [N, C, h, w] in [-1, 1], that an earlier map gives."""
        size, maps = self.config.image_size, self._maps(latents, None)
        return self._bounded(self.last(maps[size])), self._bounded(self.small(maps[small_size(size)]))

    def _bounded(self, images: torch.Tensor) -> torch.Tensor:
        if self.config.tanh:
            return images.tanh()
        return images if self.training else images.clamp(-1, 1)

    def _maps(self, latents: torch.Tensor, noise: torch.Tensor | None) -> dict[int, torch.Tensor]:
        """The map of each side."""
        if noise is None and self.full_sides:
            drawn = torch.randn if self.training else torch.zeros
            noise = drawn(latents.shape[0], sum(self.noise_sizes), device=latents.device)
        parts = dict(zip(self.full_sides, noise.split(self.noise_sizes, 1) if self.full_sides else (), strict=True))
        by_side = {4: self.gate(self.first(latents[:, :, None, None]))}
        for side, block in ((int(name), block) for name, block in self.blocks.items()):
            extra = (parts[side].unflatten(1, (-1, side, side)),) if side in parts else ()
            maps = block(by_side[side // 2], *extra)
            excited = str(side) in self.excitations
            by_side[side] = self.excitations[str(side)](by_side[side // 16], maps) if excited else maps
        return by_side


class _Decoder(nn.Sequential):
    """Maps, averaged to 8x8, to images of `side` pixels: doublings, 3x3 convolution, tanh."""

    def __init__(self, in_channels: int, out_channels: int, side: int, width: int) -> None:
        sides = [each for each in FACTORS if LAST_SIDE < each <= side]
        channels = [in_channels, *(max(1, int(FACTORS[each] * width)) for each in sides)]
        blocks = [GatedUpBlock(before, after, PlainNorm) for before, after in pairwise(channels)]
        last = normed_convolution(channels[-1], out_channels, 3)
        super().__init__(nn.AdaptiveAvgPool2d(LAST_SIDE), *blocks, last, nn.Tanh())


class FastGANDiscriminator(Network):
    """Residual halvings of the image to 8x8 with skip-layer excitation, plain ones of a second, smaller image, logits
    at positions of both, and three decoders that reconstruct what they saw.

    It is the published network from 256 pixels on. Below, it has as many halvings less, so that its last map keeps 8x8
    (the published one ends at 2x2 for 64 pixels, too small for its last convolution), and the second image is half as
    large as the first.
    """

    @register_to_config
    def __init__(
        self,
        image_size: int = 256,  # pixels a side: 16, 32, 64, 128, 256, 512 or 1024
        image_channels: int = 3,  # 1 grey, 3 colour
        width: int = 64,  # an eighth of the channels at 8x8; even
    ) -> None:
        super().__init__()
        check_size(image_size)
        small, sides = small_size(image_size), _halved(min(image_size, LARGEST_MAP), LAST_SIDE)
        channels = {side: max(1, 64 * width // side) for side in (512, *sides)}
        self.stem = nn.Sequential(*_stem(image_size, image_channels, channels[sides[0]], channels[512]))
        self.blocks = nn.ModuleDict(
            {str(after): ResidualDown(channels[before], channels[after]) for before, after in pairwise(sides)}
        )
        self.excitations = nn.ModuleDict(
            {str(side): Excitation(channels[8 * side], channels[side]) for side in sides if 8 * side in sides}
        )
        self.head = nn.Sequential(
            *normed_layer(channels[8], 2 * channels[8], 1), normed_convolution(2 * channels[8], 1, 4)
        )
        small_channels = [max(1, 32 * width // side) for side in _halved(small // 2, min(LAST_SIDE, small // 2))]
        self.small_tower = nn.Sequential(
            normed_convolution(image_channels, small_channels[0], 4, 2),
            nn.LeakyReLU(0.2),
            *(NormedDown(before, after) for before, after in pairwise(small_channels)),
        )
        self.small_head = normed_convolution(small_channels[-1], 1, 4)
        decoded = {"image": (channels[8], min(LARGEST_SMALL, image_size)), "small": (small_channels[-1], small)}
        decoded["quarter"] = (channels[16], small)
        self.decoders = nn.ModuleDict(
            {name: _Decoder(inside, image_channels, side, width // 2) for name, (inside, side) in decoded.items()}
        )

    def forward(self, images: torch.Tensor, small: torch.Tensor | None = None) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]; small: the second images, float [N, C, h, w]; None: the first,
        resized.

        Returns logits: float [N, L], one for each position of both maps.
        """
        return self._seen(images, small)[0]

    def with_reconstructions(
        self, images: torch.Tensor, quarter: int
    ) -> tuple[torch.Tensor, dict[str, tuple[torch.Tensor, torch.Tensor]]]:
        """Logits, and (reconstruction, target) of the image, of the smaller image, and of one quarter of the image from
        that quarter of the map of 16x16.

        quarter: 0 to 3, row by row.
        """
        logits, maps, small_maps = self._seen(images, None)
        found = {"image": (maps[8], images), "small": (small_maps, images)}
        found["quarter"] = _quarter(maps[16], quarter), _quarter(images, quarter)
        pairs = {}
        for name, (seen, target) in found.items():
            made = self.decoders[name](seen)
            pairs[name] = (made, _resized(target, made.shape[-1]))
        return logits, pairs

    def _seen(
        self, images: torch.Tensor, small: torch.Tensor | None
    ) -> tuple[torch.Tensor, dict[int, torch.Tensor], torch.Tensor]:
        """Logits, the map of each side, and the last one of the second image."""
        maps = self.stem(images)
        by_side = {maps.shape[-1]: maps}
        for side, block in ((int(name), block) for name, block in self.blocks.items()):
            maps = block(maps)
            if str(side) in self.excitations:
                maps = self.excitations[str(side)](by_side[8 * side], maps)
            by_side[side] = maps
        small = _resized(images, small_size(self.config.image_size)) if small is None else small
        small_maps = self.small_tower(small)
        return torch.cat([self.head(maps).flatten(1), self.small_head(small_maps).flatten(1)], 1), by_side, small_maps


def _halved(first: int, last: int) -> list[int]:
    """Sides from `first` to `last`, each half of the one before."""
    return [first >> count for count in range((first // last).bit_length())]


def _stem(image_size: int, image_channels: int, out_channels: int, half_channels: int) -> Sequence[nn.Module]:
    """From the image to the first residual map, of at most 256x256."""
    if image_size <= LARGEST_MAP:
        return normed_convolution(image_channels, out_channels, 3), nn.LeakyReLU(0.2)
    if image_size == 2 * LARGEST_MAP:
        return normed_convolution(image_channels, out_channels, 4, 2), nn.LeakyReLU(0.2)
    first = normed_convolution(image_channels, half_channels, 4, 2)
    return first, nn.LeakyReLU(0.2), NormedDown(half_channels, out_channels)


def _resized(images: torch.Tensor, side: int) -> torch.Tensor:
    """Means over areas, which the published code's nearest pixels are not."""
    return images if images.shape[-1] == side else F.interpolate(images, side, mode="area")


def _quarter(maps: torch.Tensor, quarter: int) -> torch.Tensor:
    """One of the four quarters of maps, row by row."""
    row, column = divmod(quarter, 2)
    return maps.chunk(2, 2)[row].chunk(2, 3)[column]
