"""Frozen feature networks, and what is measured on their feature maps: for scores, losses and discriminators."""

from .load import load_features
from .network import FeatureNetwork
from .perceptual import PerceptualDistance
from .statistics import channel_statistics, gram_matrix
from .transparency import over, over_random

__all__ = [
    "FeatureNetwork",
    "PerceptualDistance",
    "channel_statistics",
    "gram_matrix",
    "load_features",
    "over",
    "over_random",
]
