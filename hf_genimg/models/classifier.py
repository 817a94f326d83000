"""Classifiers: LeNet-5 in its usual modern form, and the residual networks for small images (arXiv:1512.03385, section
4.2).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import register_to_config
from torch import nn

from ._network import Network

SMALLEST_LENET = 12  # pixels a side: below it nothing is left after two convolutions and halvings


class _Classifier(Network):
    """A classifier whose last layer is linear: `features` is what enters it, `classify` is that layer."""

    head: nn.Linear
    conditions = ()  # labels are what it predicts

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns float [N, D]."""
        raise NotImplementedError

    def classify(self, features: torch.Tensor) -> torch.Tensor:
        """features: float [N, D]. Returns logits: float [N, num_classes]."""
        return self.head(features)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns logits: float [N, num_classes]."""
        return self.classify(self.features(images))


class LeNetClassifier(_Classifier):
    """Two 5x5 convolutions with max pooling, three linear layers, ReLU: 61,706 parameters at 28 pixels (LeCun et al.,
    Proc. IEEE 1998).
    """

    @register_to_config
    def __init__(
        self,
        image_size: int = 28,  # pixels a side, from 12
        image_channels: int = 1,  # 1 grey, 3 colour
        num_classes: int = 10,
        feature_dim: int = 84,  # what enters the last layer
        class_names: list[str] | None = None,  # in the order of the labels; none: their numbers
    ) -> None:
        super().__init__()
        if image_size < SMALLEST_LENET:
            raise ValueError(f"image_size={image_size} is too small for LeNet; use {SMALLEST_LENET} or more")
        side = (image_size // 2 - 4) // 2
        self.first = nn.Conv2d(image_channels, 6, 5, padding=2)
        self.second = nn.Conv2d(6, 16, 5)
        self.hidden = nn.Sequential(nn.Linear(16 * side * side, 120), nn.ReLU(), nn.Linear(120, feature_dim), nn.ReLU())
        self.head = nn.Linear(feature_dim, num_classes)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns float [N, feature_dim], at least 0."""
        maps = F.max_pool2d(self.first(images).relu(), 2)
        maps = F.max_pool2d(self.second(maps).relu(), 2)
        return self.hidden(maps.flatten(1))


class ResNetClassifier(_Classifier):
    """6n + 2 layers in three stages of n residual blocks, with shortcuts that have no parameters (arXiv:1512.03385,
    option A).
    """

    @register_to_config
    def __init__(
        self,
        image_size: int = 32,  # pixels a side
        image_channels: int = 3,  # 1 grey, 3 colour
        num_classes: int = 10,
        depth: int = 20,  # 6n + 2: 20, 32, 44, 56, ...
        width: int = 16,  # channels of the first stage; doubled in the second and the third
        class_names: list[str] | None = None,  # in the order of the labels; none: their numbers
    ) -> None:
        super().__init__()
        blocks, rest = divmod(depth - 2, 6)
        if rest or blocks < 1:
            raise ValueError(f"depth={depth} is not 6n + 2; use 8, 14, 20, 32, 44, 56 or 110")
        self.first = nn.Sequential(
            nn.Conv2d(image_channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )
        widths = [width * 2**stage for stage in range(3) for _ in range(blocks)]
        pairs = zip([width, *widths[:-1]], widths, strict=True)
        self.stages = nn.Sequential(*(_ResidualBlock(in_channels, out_channels) for in_channels, out_channels in pairs))
        self.head = nn.Linear(4 * width, num_classes)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns float [N, 4 width], at least 0: the mean over positions."""
        return self.stages(self.first(images)).mean((2, 3))


class _ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut, which subsamples and pads channels where the convolutions do."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.stride = out_channels // in_channels
        self.added = out_channels - in_channels
        self.branch = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, self.stride, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        shortcut = F.pad(
            maps[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.added // 2, self.added - self.added // 2)
        )
        return (self.branch(maps) + shortcut).relu()
