"""ResNet classifier (arXiv:1512.03385): 20 or more layers for images of 32 pixels, shortcuts without parameters.

    hf-genimg train classifier_resnet data=CIFAR10

Cost: 19 s for 30,000 images with depth=8 width=8 on the built-in digits, on two x86-64 cores (2,300 images/s).
Reached: 92.6 percent of the 297 test digits in those 19 s. The paper's size was not trained, for lack of a GPU; the
paper reports 91.25 percent of CIFAR-10's test images for 20 layers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.classifier import ResNetClassifier
from ._classification import ClassificationRecipe


@dataclass(frozen=True, kw_only=True)
class ResNet(ClassificationRecipe):
    """Grey or colour, any size from 8 pixels."""

    image_size: int = 32
    depth: int = 20  # 6n + 2: the paper has 20, 32, 44, 56 and 110
    width: int = 16  # channels of the first stage
    channels_last: bool = True

    def models(self) -> dict[str, nn.Module]:
        return {"classifier": ResNetClassifier(**self.sizes(), depth=self.depth, width=self.width)}

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=16, depth=8, width=4)
