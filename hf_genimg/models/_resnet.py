"""What the residual GANs share: networks that double maps and that halve them, in blocks."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import torch
from torch import nn

from ..layers.attention import SelfAttention
from ..layers.conditional_norm import ClassBatchNorm2d
from ..layers.latents import check_latent_distribution
from ..layers.residual import DownBlock, PlainNorm, UpBlock, convolution, linear
from ..layers.spectral_norm import spectral_norm
from ..layers.standing import standing_network
from ._network import LatentNetwork, Network, check_labels

# By image size: the smallest map's side; channels before and after each doubling, and after each halving, as multiples
# of `width`.
GROWTH = {32: (4, (4, 4, 4, 4)), 48: (6, (8, 4, 2, 1)), 64: (4, (16, 8, 4, 2, 1)), 128: (4, (16, 16, 8, 4, 2, 1))}
LARGE = ((1, True), (2, True), (4, True), (8, True), (16, True))
SHRINKAGE = {32: ((2, True), (2, True), (2, False), (2, False)), 48: LARGE, 64: LARGE, 128: (*LARGE, (16, False))}


def check_size(image_size: int) -> None:
    """Raise `ValueError` for a size that these networks do not make."""
    if image_size not in GROWTH:
        raise ValueError(
            f"image_size={image_size} is not a size that the residual networks make; use one of "
            f"{', '.join(map(str, GROWTH))}"
        )


class ResNetGenerator(LatentNetwork):
    """The mould of the residual families: linear to the smallest map, blocks that double it, norm, ReLU, 3x3, tanh."""

    mixes_labels = True

    def build(self, *, spectral: bool = False, attention: int | None = None) -> None:
        """Make the layers from the config. spectral: norm the weights here too. attention: after so many blocks."""
        config = self.config
        check_size(config.image_size)
        check_latent_distribution(config.latent_distribution)
        self.base, growth = GROWTH[config.image_size]
        channels = [config.width * factor for factor in growth]
        classes = config.get("num_classes", 0)
        norm = partial(ClassBatchNorm2d, num_classes=classes) if classes else PlainNorm
        self.first = linear(config.latent_dim, channels[0] * self.base**2, spectral)
        self.blocks = nn.ModuleList(UpBlock(*pair, norm, spectral) for pair in pairwise(channels))
        self.attention = SelfAttention(channels[attention]) if attention else nn.Identity()
        self.attended = attention
        self.norm = nn.BatchNorm2d(channels[-1])
        self.last = convolution(channels[-1], config.image_channels, 3, spectral)

    def split_conditions(
        self, latents: torch.Tensor, class_labels: torch.Tensor | None
    ) -> tuple[torch.Tensor, list[torch.Tensor | None]]:
        """The input of the first layer, and the condition of each block."""
        return latents, [class_labels] * len(self.blocks)

    def at_truncation(self, truncation: float) -> ResNetGenerator:
        """With batch-norm statistics of truncated latents, where the config has `standing_batches`."""
        return standing_network(self, truncation, self.config.get("standing_batches") or 0)

    def forward(self, latents: torch.Tensor, class_labels: torch.Tensor | None = None) -> torch.Tensor:
        """latents: float [N, latent_dim]; class_labels: int64 [N] or weights, float [N, num_classes], or None.

        Returns images: float [N, C, H, W] in [-1, 1].
        """
        check_labels(self.config.get("num_classes", 0), class_labels)
        first, conditions = self.split_conditions(latents, class_labels)
        maps = self.first(first).unflatten(1, (-1, self.base, self.base))
        for number, (block, condition) in enumerate(zip(self.blocks, conditions, strict=True), 1):
            maps = block(maps, condition)
            maps = self.attention(maps) if number == self.attended else maps
        return self.last(self.norm(maps).relu()).tanh()


class ResNetDiscriminator(Network):
    """The mould of the residual families: blocks, ReLU, sum over positions, linear; with classes, plus the inner
    product with the class's.
    """

    def build(self, *, spectral: bool = True, attention: int | None = None, mean: bool = False) -> None:
        """Make the layers from the config. attention: after so many blocks. mean: over positions, not the sum."""
        config = self.config
        check_size(config.image_size)
        shrinkage = SHRINKAGE[config.image_size]
        channels = [config.image_channels, *(config.width * factor for factor, _ in shrinkage)]
        self.blocks = nn.ModuleList(
            DownBlock(*pair, half=half, first=number == 0, spectral=spectral)
            for number, (pair, (_, half)) in enumerate(zip(pairwise(channels), shrinkage, strict=True))
        )
        self.attention = SelfAttention(channels[attention]) if attention else nn.Identity()
        self.attended, self.mean = attention, mean
        self.build_head(channels[-1], spectral)

    def build_head(self, features: int, spectral: bool = True) -> None:
        """Make the layers from so many features to a logit."""
        self.head = linear(features, 1, spectral)
        classes = self.config.get("num_classes", 0)
        self.classes = None
        if classes:
            embedding = nn.Embedding(classes, features)
            nn.init.xavier_uniform_(embedding.weight)
            self.classes = spectral_norm(embedding) if spectral else embedding

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns float [N, D]."""
        maps = images
        for number, block in enumerate(self.blocks, 1):
            maps = block(maps)
            maps = self.attention(maps) if number == self.attended else maps
        maps = maps.relu()
        return maps.mean((2, 3)) if self.mean else maps.sum((2, 3))

    def forward(self, images: torch.Tensor, class_labels: torch.Tensor | None = None) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]; class_labels: int64 [N], or None. Returns logits: float [N], positive
        for "real".
        """
        check_labels(self.config.get("num_classes", 0), class_labels)
        features = self.features(images)
        logits = self.head(features).squeeze(1)
        return logits if self.classes is None else logits + (self.classes(class_labels) * features).sum(1)
