"""What classification recipes share: labelled images, cross-entropy, and a grid of held-out images with predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import nn

from ..layers.jitter import jitter
from ..objectives.classification import Classification
from ..pipelines.classification import ImageClassificationPipeline
from ._images import ImageRecipe


@dataclass(frozen=True, kw_only=True)
class ClassificationRecipe(ImageRecipe):
    """A classifier of labelled images."""

    batch_size: int = 128
    learning_rate: float = 2e-3
    schedule: str = "cosine"
    num_classes: int | None = None  # none: as in the data
    class_names: list[str] | None = None  # none: as in the data
    augment: bool = True  # train on shifted, rotated, resized and blurred images
    label_smoothing: float = 0.0  # the part of a label that is spread over all classes

    published: ClassVar[tuple[str, ...]] = ("classifier",)
    left_to_data: ClassVar[tuple[str, ...]] = ("image_channels", "num_classes", "class_names")

    @property
    def labelled(self) -> bool:
        return True

    def fitted(self, dataset: Any) -> Self:
        names = list(dataset.class_names)
        fitted = replace(
            super().fitted(dataset), num_classes=self.num_classes or len(names), class_names=self.class_names or names
        )
        fitted._require(
            "num_classes",
            fitted.num_classes >= len(names),
            f"is fewer than the {len(names)} classes of data={self.data}",
        )
        return fitted

    def sizes(self) -> dict[str, Any]:
        """What every classifier is built from; 10 classes where the data are still to say."""
        size = {"image_size": self.image_size, "image_channels": self.image_channels}
        return {**size, "num_classes": self.num_classes or 10, "class_names": self.class_names}

    def objective(self) -> Classification:
        return Classification(self.label_smoothing, jitter if self.augment else None)

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        return ImageClassificationPipeline(classifier=networks["classifier"])

    def save_samples(self, pipeline: Any, path: Path, num_images: int) -> None:
        """The first held-out images, or those of the data where none are held out, with their predictions."""
        shown = self.held_out() or replace(self, flip=False).dataset()
        batch = shown.batch(torch.arange(min(len(shown), num_images)))
        pipeline.save_predictions(path, batch["images"], batch["labels"], overwrite=True)
