"""What a recipe of learned de-identification is built from: translator, discriminator, attacker, embedders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import nn

from ..data import separate_split
from ..features import load_features
from ..layers.jitter import jitter
from ..losses.adversarial import gan_loss
from ..models.cyclegan import CycleGANDiscriminator
from ..models.embedder import Embedder
from ..models.nafnet import NAFNetGenerator
from ..objectives.deidentifying import EMBEDDER, Deidentifying
from ..pipelines.translation import ImageTranslationPipeline
from ._images import ImageRecipe

DIGITS = "digits"
WEIGHTS = ("identity_weight", "attack_weight", "pooled_weight", "l1_weight", "smoothness", "adversarial_weight")


@dataclass(frozen=True, kw_only=True)
class DeidentifyingRecipe(ImageRecipe):
    """A translator that gives faces another identity."""

    width: int = 16  # channels of the largest feature maps of translator and discriminator
    loss: str = "non_saturating"  # saturating, least_squares, hinge, wasserstein or relativistic, patch by patch
    embedders: str | None = None  # runs of embedder, joined with commas; none: the classifier of digits, for digits
    threshold: float = 0.0  # cosine to the original's features below which an image counts as of another person
    identity_weight: float = 3.0  # of cosines above it
    attack_weight: float = 0.3  # of what an embedder that learns meanwhile knows of the person; 0: none, and no labels
    pooled_weight: float = 5.0  # of the distance of means over squares
    pooling: int = 8  # pixels a side of these squares
    l1_weight: float = 0.0  # of the distance of pixels
    smoothness: float = 5.0  # of differences of neighbouring pixels of what is changed
    adversarial_weight: float = 1.0  # of the GAN loss
    num_classes: int | None = None  # people; none: as in the data

    left_to_data: ClassVar[tuple[str, ...]] = ("image_channels", "num_classes")

    @property
    def labelled(self) -> bool:
        return self.attack_weight > 0

    def check(self) -> None:
        super().check()
        built_in = separate_split(self.data)[0] == DIGITS
        self._require("embedders", self.embedders or built_in, "must name runs of the recipe embedder")
        for name in WEIGHTS:
            self._require(name, getattr(self, name) >= 0, "must be at least 0")
        self._require("threshold", -1 <= self.threshold < 1, "must be at least -1 and below 1")
        self._require("image_size", self.image_size % 8 == 0 and self.image_size > 8, "is no multiple of 8 from 16")
        fits = 0 < self.pooling <= self.image_size
        self._require("pooling", fits, f"must be from 1 to image_size={self.image_size}")
        gan_loss(self.loss)

    def fitted(self, dataset: Any) -> Self:
        count = len(dataset.class_names) if self.labelled else 0
        return replace(super().fitted(dataset), num_classes=max(self.num_classes or 0, count))

    def models(self) -> dict[str, nn.Module]:
        size = {"image_size": self.image_size, "image_channels": self.image_channels or 1}
        blocks = {"encoder_blocks": [1, 1, 1], "middle_blocks": 1, "decoder_blocks": [1, 1, 1]}
        inputs = {"input_channels": size["image_channels"]}
        found = {
            "generator": NAFNetGenerator(**size, **inputs, width=self.width, **blocks),
            "discriminator": CycleGANDiscriminator(**size, width=self.width, stages=1),
        }
        attacker = {"attacker": Embedder(**size, num_classes=self.num_classes or 10)} if self.labelled else {}
        return found | attacker

    def frozen(self) -> dict[str, nn.Module]:
        names = (self.embedders or DIGITS).split(",")
        with torch.device("cpu"):
            return {f"{EMBEDDER}_{number}": load_features(name.strip()) for number, name in enumerate(names)}

    def objective(self) -> Deidentifying:
        given = {name: getattr(self, name) for name in (*WEIGHTS, "threshold", "pooling")}
        return Deidentifying(gan_loss(self.loss), augment=jitter, **given)

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        return ImageTranslationPipeline(networks["generator"])

    def save_samples(self, pipeline: Any, path: Path, num_images: int) -> None:
        """Input, translation and what was changed (grey: nothing), of the first images that are held out, or of all."""
        shown = self.held_out() or replace(self, flip=False).dataset()
        images = shown.batch(torch.arange(min(len(shown), max(1, num_images // 3))))["images"]
        changes = pipeline(images, output_type="pt").images * 2 - 1 - images
        pipeline.save_comparison(path, images, changes.clamp(-1, 1), overwrite=True)

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=16, width=2)
