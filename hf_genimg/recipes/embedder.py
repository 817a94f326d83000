"""ArcFace at small size (arXiv:1801.07698): unit vectors that are near for images of one class, as of one person.

    hf-genimg train embedder
    hf-genimg train embedder data=FACES image_size=32

Its features serve as an extractor of scores and to find a person again in other pictures. It is small, and trained on
few people: that it does not find someone is no proof that nobody can.
Published setting: a residual network of 50 or 100 layers, 112x112 pixels, scale=64 margin=0.5, millions of faces.

Cost: 14 s of CPU time for 10,000 images of digits at 28 pixels on one x86-64 core, imports included.
Reached: 97.0 percent of the 297 held-out digits by the nearest class. ORL faces at 32 pixels (images=10000, 16 s): 159
of 160 held-out photographs of the 40 people of training by the nearest class, and all by the nearest photograph.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..layers.jitter import jitter
from ..models.embedder import Embedder
from ..objectives.arcface import ArcFace
from ._classification import ClassificationRecipe


@dataclass(frozen=True, kw_only=True)
class EmbedderRecipe(ClassificationRecipe):
    """Grey or colour, from 16 pixels."""

    images: int = 10_000
    batch_size: int = 64
    sample_images: int = 5_000
    ema_half_life: int = 1_000
    channels_last: bool = True
    width: int = 16  # channels of the first maps; doubled at each of three halvings
    feature_dim: int = 128
    scale: float = 16.0  # what cosines are multiplied with; 64 in the paper
    margin: float = 0.3  # radians; 0.5 in the paper

    def check(self) -> None:
        super().check()
        self._require("scale", self.scale > 0, "must be above 0")
        self._require("label_smoothing", self.label_smoothing == 0, "is not used by this recipe; leave it out")

    def models(self) -> dict[str, nn.Module]:
        settings = {"width": self.width, "feature_dim": self.feature_dim, "scale": self.scale}
        return {"classifier": Embedder(**self.sizes(), **settings)}

    def objective(self) -> ArcFace:
        return ArcFace(self.margin, jitter if self.augment else None)

    def smoke(self) -> Self:
        return replace(super().smoke(), width=2, feature_dim=8)
