"""What the recipes of projected GANs share: the feature network, and a discriminator that fits its feature maps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Self

import torch
from torch import nn

from ..data import separate_split
from ..features import FeatureNetwork, load_features
from ..models.projected_gan import ProjectedGANDiscriminator
from ..objectives.projected import Projected
from ._conditional import ConditionalRecipe

LITE0, DIGITS = "efficientnet-lite0", "digits"
TAPS = {LITE0: ("stage2", "stage3", "stage5", "stage7")}  # as published
MOST_TAPS = 4  # of other networks: the last tap of each size, the deepest so many


@dataclass(frozen=True, kw_only=True)
class ProjectedRecipe(ConditionalRecipe):
    """A discriminator on the feature maps of a frozen network."""

    features: str | None = None  # feature network; none: digits for data=digits, otherwise efficientnet-lite0
    feature_weights: str | None = None  # a file of its weights, where they are in no package
    feature_resolution: int | None = None  # pixels a side that it sees; none: for efficientnet-lite0 twice image_size,
    # from 64 to 224 (at 1.5 times, faces of 64 pixels kept blurred eyes); for other networks their own
    taps: str | None = None  # its feature maps, joined with commas; none: as published, else the last of each size
    head_width: int = 16  # an eighth of the channels of the smallest map of each head; the paper has 64
    mixing_channels: int = 32  # of the largest map after the random projections; the paper has 64
    mixing_kernel: int = 1  # of the projections across scales: 1 as in the published code, 3 as in the paper

    def check(self) -> None:
        super().check()
        for name in ("feature_resolution", "mixing_channels"):
            self._require(name, getattr(self, name) is None or getattr(self, name) > 0, "must be above 0")
        self._require("freeze", not self.freeze, "is not for a discriminator on frozen features")
        self._require("mixing_kernel", self.mixing_kernel in (1, 3), "must be 1 or 3")

    def feature_source(self) -> tuple[str, str | None, int | None]:
        """Name, weights and resolution of the feature network."""
        built_in = separate_split(self.data)[0] == DIGITS
        name, resolution = self.features or (DIGITS if built_in else LITE0), self.feature_resolution
        if resolution is None and name == LITE0:
            resolution = min(224, max(64, 2 * self.image_size))
        return name, self.feature_weights, resolution

    def frozen(self) -> dict[str, nn.Module]:
        return {"features": feature_network(*self.feature_source())}

    def discriminator(self) -> ProjectedGANDiscriminator:
        """The discriminator for the feature maps of this recipe's images."""
        source = self.feature_source()
        taps = TAPS.get(source[0]) if self.taps is None else tuple(name.strip() for name in self.taps.split(","))
        chosen, channels, sides = maps_of(*source, taps, self.image_size, min(3, self.image_channels or 1))
        return ProjectedGANDiscriminator(
            source[0],
            source[2],
            list(chosen),
            list(channels),
            list(sides),
            num_classes=self.sizes()["num_classes"],
            width=self.head_width,
            mixing_channels=self.mixing_channels,
            mixing_kernel=self.mixing_kernel,
            mixing_seed=self.seed,
        )

    def objective(self) -> Projected:
        return Projected(**self.objective_parts())

    def smoke(self) -> Self:
        return replace(super().smoke(), width=2, head_width=2, mixing_channels=4)


def feature_network(name: str, weights: str | None, resolution: int | None) -> FeatureNetwork:
    """The frozen network, with its weights also where networks are built on the meta device."""
    with torch.device("cpu"):
        return load_features(name, weights, resolution=resolution)


@cache
def maps_of(
    name: str,
    weights: str | None,
    resolution: int | None,
    taps: tuple[str, ...] | None,
    image_size: int,
    image_channels: int,
) -> tuple[tuple[str, ...], tuple[int, ...], tuple[int, ...]]:
    """Taps, channels and sides of the feature maps of images; `ValueError` where the network refuses such images.

    taps: None chooses the last one of each size.
    """
    network = feature_network(name, weights, resolution)
    with torch.device("cpu"), torch.no_grad():
        maps = network(torch.zeros(1, image_channels, image_size, image_size), taps)
    last = {each.shape[2]: tap for tap, each in maps.items()}
    chosen = taps or tuple(last.values())[-MOST_TAPS:]
    return chosen, tuple(maps[tap].shape[1] for tap in chosen), tuple(maps[tap].shape[2] for tap in chosen)
