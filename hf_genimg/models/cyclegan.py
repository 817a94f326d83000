"""CycleGAN: a ResNet that translates images and a discriminator of patches (arXiv:1703.10593)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.initialisation import dcgan_initialisation
from ._network import Network, TranslationNetwork

NORMS = ("instance", "batch", "none")
HALVINGS = 2
STAGES = 3  # of the discriminator with patches of 70 pixels
SMALL_SHARE = 0.1  # of He's initial weights, of layers whose outputs are added to others or are the image
SMALLEST = 3  # pixels a side of its maps after all halvings that leave a logit


def _norm_named(norm: str) -> Callable[[int], nn.Module]:
    """instance: without parameters, as the convolutions ahead have biases; batch: with them."""
    if norm not in NORMS:
        raise ValueError(f"norm={norm!r} is not known; use one of {', '.join(NORMS)}")
    return {"instance": nn.InstanceNorm2d, "batch": nn.BatchNorm2d, "none": nn.Identity}[norm]


def _initialise(network: nn.Module, norm: str, small: Iterable[nn.Conv2d]) -> None:
    """As the paper; where no norm keeps the spread of the maps, He's initial weights, a tenth of them in `small`."""
    if norm != "none":
        network.apply(dcgan_initialisation)
        return
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(module.weight)
            nn.init.zeros_(module.bias)
    for layer in small:
        layer.weight.data.mul_(SMALL_SHARE)


class CycleGANGenerator(TranslationNetwork):
    """Two halvings, residual blocks at a quarter of the size, two doublings (section 4 and appendix 7.2).

    With instance norm an output depends on the whole image (`halo` is None).
    """

    size_multiple = 2**HALVINGS

    @register_to_config
    def __init__(
        self,
        image_size: int = 256,  # pixels a side in training; others are taken too
        image_channels: int = 3,  # of the translation: 1 grey, 3 colour
        input_channels: int = 3,  # of what is translated: 1 grey, 3 colour
        width: int = 64,  # channels of the largest feature maps
        blocks: int = 9,  # residual blocks; 6 for images of 128 pixels in the paper
        norm: str = "instance",  # batch, or none: the colours of small images stay, which an instance norm takes away
    ) -> None:
        super().__init__()
        norms, bias = _norm_named(norm), norm != "batch"
        first = [nn.ReflectionPad2d(3), nn.Conv2d(input_channels, width, 7, bias=bias), norms(width), nn.ReLU()]
        self.first = nn.Sequential(*first)
        self.downs = nn.ModuleList(
            nn.Sequential(nn.Conv2d(c, 2 * c, 3, 2, 1, bias=bias), norms(2 * c), nn.ReLU()) for c in (width, 2 * width)
        )
        self.residual = nn.ModuleList(_ResidualBlock(4 * width, norms, bias) for _ in range(blocks))
        self.ups = nn.Sequential(
            *[
                layer
                for c in (4 * width, 2 * width)
                for layer in (
                    nn.ConvTranspose2d(c, c // 2, 3, 2, 1, output_padding=1, bias=bias),
                    norms(c // 2),
                    nn.ReLU(),
                )
            ]
        )
        self.to_image = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(width, image_channels, 7), nn.Tanh())
        _initialise(self, norm, [self.to_image[1], *(block.branch[-2] for block in self.residual)])

    @property
    def halo(self) -> int | None:
        """Without instance norm: two 3x3 convolutions of a quarter of the size in each block, and the rest."""
        return None if self.config.norm == "instance" else 2**HALVINGS * 2 * self.config.blocks + 20

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """inputs: float [N, input_channels, H, W] in [-1, 1], sides multiples of 4.

        Returns images: float [N, image_channels, H, W] in [-1, 1].
        """
        maps = self.first(inputs)
        for layer in [*self.downs, *self.residual]:
            maps = layer(maps)
        return self.to_image(self.ups(maps))

    def feature_maps(self, images: torch.Tensor) -> list[torch.Tensor]:
        """The image and feature maps on the way to the middle, where CUT compares patches: after each halving, the
        first residual block and the one in the middle.

        images: float [N, input_channels, H, W] in [-1, 1]. Returns float [N, C, h, w], of `feature_channels` channels.
        """
        maps, found = self.first(images), [images]
        for down in self.downs:
            maps = down(maps)
            found.append(maps)
        for number, block in enumerate(self.residual[: self._middle + 1]):
            maps = block(maps)
            if number in (0, self._middle):
                found.append(maps)
        return found

    @property
    def feature_channels(self) -> list[int]:
        """Channels of each of `feature_maps`."""
        width = self.config.width
        return [self.config.input_channels, 2 * width, 4 * width] + [4 * width] * (1 + (self._middle > 0))

    @property
    def _middle(self) -> int:
        return len(self.residual) // 2


class _ResidualBlock(nn.Module):
    """x + norm(conv(relu(norm(conv(x))))), reflected at the edges."""

    def __init__(self, width: int, norms: Callable[[int], nn.Module], bias: bool) -> None:
        super().__init__()
        half = [
            [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3, bias=bias), norms(width), nn.ReLU()] for _ in range(2)
        ]
        self.branch = nn.Sequential(*half[0], *half[1][:-1])

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return maps + self.branch(maps)


class CycleGANDiscriminator(Network):
    """A logit for each patch of an image: patches of 70 pixels where stages=3."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 256,  # pixels a side
        image_channels: int = 3,  # 1 grey, 3 colour
        width: int = 64,  # channels of the first feature maps
        stages: int = STAGES,  # 1, 2 or 3 for patches of 16, 34 or 70 pixels
        norm: str = "instance",  # batch or none
    ) -> None:
        super().__init__()
        norms = _norm_named(norm)
        most = max((number for number in range(1, STAGES + 1) if image_size >> number >= SMALLEST), default=0)
        if not 1 <= stages <= most:
            allowed = f"1 to {most}" if most else "a larger image_size"
            raise ValueError(f"stages={stages} is not possible with image_size={image_size}; use {allowed}")
        layers = [nn.Conv2d(image_channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for stage in range(1, stages + 1):
            channels = width * 2**stage
            stride = 1 if stage == stages else 2
            layers += [nn.Conv2d(channels // 2, channels, 4, stride, 1, bias=norm != "batch"), norms(channels)]
            layers += [nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width * 2**stages, 1, 4, 1, 1))
        _initialise(self, norm, [self.layers[-1]])

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns logits: float [N, h, w], positive for "real"."""
        return self.layers(images).squeeze(1)
