"""Projected GAN (arXiv:2111.01007): a discriminator on the feature maps of a frozen network, and FastGAN's generator
(arXiv:2101.04775) in its lite form.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.conditional_norm import ClassBatchNorm2d
from ..layers.fastgan import Excitation, GatedNorm, GatedUpBlock, first_convolution, normed_convolution
from ..layers.feature_mixing import FeatureMixing
from ..layers.latents import check_latent_distribution
from ..layers.residual import PlainNorm
from ._network import LatentNetwork, Network, check_labels

FACTORS = {4: 16, 8: 8, 16: 4, 32: 2, 64: 2, 128: 1, 256: 0.5}  # channels of the maps by their side, over `width`
IMAGE_SIZES = (16, 32, 64, 128, 256)
FIRST_EXCITED = 64  # side of the first map with gains from another, a sixteenth as large
LAST_SIDE = 8  # maps are halved until they are no larger, then a convolution of all channels gives logits
EPS = 1e-8


class ProjectedGANGenerator(LatentNetwork):
    """FastGAN's generator with plain blocks: latents to 4x4, doublings, skip-layer excitation from 64 pixels on, tanh.

    Batch norm has gains and offsets for each class where there are classes.
    """

    mixes_labels = True
    truncates = False

    @register_to_config
    def __init__(
        self,
        image_size: int = 64,  # pixels a side: 16, 32, 64, 128 or 256
        image_channels: int = 3,  # 1 grey, 3 colour
        latent_dim: int = 256,
        num_classes: int = 0,  # 0: unconditional
        width: int = 64,  # a sixteenth of the channels at 4x4, half of those of the 32 and 64 pixel maps; even
        latent_distribution: str = "normal",  # normal, uniform or truncated
    ) -> None:
        super().__init__()
        check_latent_distribution(latent_distribution)
        if image_size not in IMAGE_SIZES:
            raise ValueError(
                f"image_size={image_size} is not a size that ProjectedGANGenerator makes; use one of "
                f"{', '.join(map(str, IMAGE_SIZES))}"
            )
        norm = partial(ClassBatchNorm2d, num_classes=num_classes) if num_classes else PlainNorm
        channels = {side: max(1, int(factor * width)) for side, factor in FACTORS.items() if side <= image_size}
        self.first, self.gate = first_convolution(latent_dim, 2 * channels[4]), GatedNorm(channels[4], norm)
        self.blocks = nn.ModuleDict(
            {str(2 * side): GatedUpBlock(channels[side], channels[2 * side], norm) for side in list(channels)[:-1]}
        )
        self.excitations = nn.ModuleDict(
            {str(side): Excitation(channels[side // 16], channels[side]) for side in channels if side >= FIRST_EXCITED}
        )
        self.last = normed_convolution(channels[image_size], image_channels, 3)

    def sample_latents(self, num_images: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """As of every generator, and then scaled to a mean square of 1 for each image."""
        latents = super().sample_latents(num_images, generator)
        return latents * (latents.square().mean(1, keepdim=True) + EPS).rsqrt()

    def forward(self, latents: torch.Tensor, class_labels: torch.Tensor | None = None) -> torch.Tensor:
        """latents: float [N, latent_dim]; class_labels: int64 [N] or weights, float [N, num_classes], or None.

        Returns images: float [N, C, H, W] in [-1, 1].
        """
        check_labels(self.config.num_classes, class_labels)
        maps = self.gate(self.first(latents[:, :, None, None]), class_labels)
        by_side = {4: maps}
        for side, block in ((int(name), block) for name, block in self.blocks.items()):
            maps = block(maps, class_labels)
            if side >= FIRST_EXCITED:
                maps = self.excitations[str(side)](by_side[side // 16], maps)
            by_side[side] = maps
        return self.last(maps).tanh()


class _Head(nn.Module):
    """One of the discriminators: strided convolutions, batch norm and leaky ReLU to at most 8x8, then a convolution
    over 4x4 to logits at each position.
    """

    def __init__(self, in_channels: int, side: int, width: int, out_channels: int) -> None:
        super().__init__()
        halvings = next(count for count in range(side) if side >> count <= LAST_SIDE)
        channels = [in_channels, *(8 * width >> count for count in reversed(range(max(1, halvings))))]
        kernel, stride = (4, 2) if halvings else (3, 1)  # every head has a layer besides its last
        layers: list[nn.Module] = []
        for before, after in pairwise(channels):
            layers += [
                normed_convolution(before, after, kernel, stride, bias=True),
                nn.BatchNorm2d(after),
                nn.LeakyReLU(0.2),
            ]
        self.layers = nn.Sequential(*layers, normed_convolution(channels[-1], out_channels, min(4, side >> halvings)))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """maps: float [N, in_channels, side, side]. Returns float [N, out_channels, positions]."""
        return self.layers(maps).flatten(2)


class ProjectedGANDiscriminator(Network):
    """Random fixed mixing of feature maps across channels and scales, and a small discriminator at each scale.

    It takes feature maps, not images: those that the network `features` of its config gives at `taps` for images
    resized to `resolution`. With classes, a logit has besides the inner product of its features and the class's vector
    (arXiv:1802.05637, eq. 3).
    """

    @register_to_config
    def __init__(
        self,
        features: str = "efficientnet-lite0",  # name of the feature network
        resolution: int | None = 224,  # pixels a side at which it sees images; None: as it is given them
        taps: Sequence[str] = ("stage2", "stage3", "stage5", "stage7"),  # its feature maps, the shallowest first
        in_channels: Sequence[int] = (24, 40, 112, 320),  # of each
        sides: Sequence[int] = (56, 28, 14, 7),  # of each
        num_classes: int = 0,  # 0: unconditional
        width: int = 64,  # an eighth of the channels of the smallest map of each head
        mixing_channels: int = 64,  # of the shallowest mixed map
        mixing_kernel: int = 1,  # of the convolutions across scales: 1 as in the published code, or 3 as in the paper
        mixing_seed: int = 0,  # of the random projections
        class_dim: int = 64,  # numbers in the vector of a class
    ) -> None:
        super().__init__()
        if not len(taps) == len(in_channels) == len(sides):
            raise ValueError(
                f"taps={list(taps)}, in_channels={list(in_channels)}, sides={list(sides)} differ in number; give "
                "one of each for each feature map"
            )
        self.mixing = FeatureMixing(in_channels, mixing_channels, mixing_seed, kernel=mixing_kernel)
        mixed_sides = [2 * sides[0], *sides[:-1]]
        out_channels = 1 + (class_dim if num_classes else 0)
        self.heads = nn.ModuleList(
            _Head(channels, side, width, out_channels)
            for channels, side in zip(self.mixing.channels, mixed_sides, strict=True)
        )
        self.classes = nn.Embedding(num_classes, class_dim) if num_classes else None

    def forward(self, maps: Sequence[torch.Tensor], class_labels: torch.Tensor | None = None) -> torch.Tensor:
        """maps: float [N, in_channels[i], sides[i], sides[i]], the shallowest first; class_labels: int64 [N], or None.

        Returns logits: float [N, L], one for each position of each head, positive for "real".
        """
        check_labels(self.config.num_classes, class_labels)
        outputs = torch.cat([head(mixed) for head, mixed in zip(self.heads, self.mixing(maps), strict=True)], 2)
        logits = outputs[:, 0]
        if self.classes is None:
            return logits
        vectors = self.classes(class_labels)[:, :, None]
        return logits + (vectors * outputs[:, 1:]).sum(1) / self.config.class_dim**0.5
