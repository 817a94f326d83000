"""The frozen perceptual distance of the recipes that reconstruct images."""

from __future__ import annotations

import torch

from ..data import separate_split
from ..features import PerceptualDistance
from ._projected import DIGITS, LITE0, feature_network

LARGEST = 128  # pixels a side, of images that are compared
SMALLEST = 32  # below it the deepest maps of efficientnet-lite0 have one position
TAPS = ("stage2", "stage3", "stage5")  # of efficientnet-lite0; the deepest maps add cost and little place


def perceptual_distance(data: str, image_size: int, features: str | None, weights: str | None) -> PerceptualDistance:
    """The distance by the feature network `features`; None: `digits` for data=digits, else efficientnet-lite0."""
    name = features or (DIGITS if separate_split(data)[0] == DIGITS else LITE0)
    lite0 = name == LITE0
    network = feature_network(name, weights, min(LARGEST, max(SMALLEST, image_size)) if lite0 else None)
    with torch.device("cpu"):
        return PerceptualDistance(network, TAPS if lite0 else None)
