"""Classifier (arXiv:1512.03385 compares such): LeNet-5 with ReLU and max pooling; reads digits, and its features score generators.

    hf-genimg train classifier data=MNIST

Cost: TODO
Reached: TODO
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from ..models.classifier import LeNetClassifier
from ._classification import ClassificationRecipe


@dataclass(frozen=True, kw_only=True)
class LeNet(ClassificationRecipe):
    """Grey or colour, from 12 pixels."""

    images: int = 600_000
    feature_dim: int = 84  # what enters the last layer

    def models(self) -> dict[str, nn.Module]:
        return {"classifier": LeNetClassifier(**self.sizes(), feature_dim=self.feature_dim)}
