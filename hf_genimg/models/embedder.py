"""A small residual network that maps images of one identity close together on a sphere (ArcFace, arXiv:1801.07698)."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import register_to_config
from torch import nn

from .classifier import _Classifier, _ResidualBlock


class Embedder(_Classifier):
    """A residual block for each halving, the mean over positions, a linear layer with batch norm: unit vectors.

    `features` are these vectors, compared by their dot product; `classify` compares them with one learned vector for
    each identity of training, and identities that were not in training have features all the same.
    """

    @register_to_config
    def __init__(
        self,
        image_size: int = 64,  # pixels a side, from 16
        image_channels: int = 1,  # 1 grey, 3 colour
        num_classes: int = 40,  # identities
        width: int = 16,  # channels of the first maps; doubled at each halving
        feature_dim: int = 128,
        scale: float = 16.0,  # what cosines are multiplied with in logits; 64 in the paper
        class_names: list[str] | None = None,  # in the order of the labels; none: their numbers
    ) -> None:
        super().__init__()
        if image_size < 16:
            raise ValueError(f"image_size={image_size} is too small for three halvings; use 16 or more")
        widths = [width * 2**level for level in range(4)]
        first = nn.Conv2d(image_channels, width, 3, padding=1, bias=False)
        blocks = [_ResidualBlock(one, other) for one, other in pairwise(widths)]
        self.body = nn.Sequential(first, nn.BatchNorm2d(width), nn.ReLU(), *blocks)
        self.to_features = nn.Sequential(nn.Linear(widths[-1], feature_dim, bias=False), nn.BatchNorm1d(feature_dim))
        self.head = nn.Linear(feature_dim, num_classes, bias=False)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns float [N, feature_dim] of length 1."""
        return F.normalize(self.to_features(self.body(images).mean((2, 3))))

    def cosines(self, features: torch.Tensor) -> torch.Tensor:
        """Of the angles to the vector of each identity: float [N, feature_dim] to [N, num_classes] in [-1, 1]."""
        return F.normalize(features) @ F.normalize(self.head.weight).T

    def classify(self, features: torch.Tensor) -> torch.Tensor:
        """features: float [N, feature_dim]. Returns logits: float [N, num_classes]."""
        return self.config.scale * self.cosines(features)
