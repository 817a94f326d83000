"""What every adversarial recipe shares whose networks may be told the classes of the pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

from ._images import AdversarialRecipe

MOST_ROWS = 10  # of a grid: the first so many classes are shown


@dataclass(frozen=True, kw_only=True)
class ConditionalRecipe(AdversarialRecipe):
    """A generator against a discriminator, both told the class of each picture."""

    conditional: bool = True  # false: the pictures need no labels, and none are learned
    num_classes: int | None = None  # none: as in the data

    left_to_data: ClassVar[tuple[str, ...]] = ("image_channels", "num_classes")

    @property
    def labelled(self) -> bool:
        return self.conditional

    def fitted(self, dataset: Any) -> Self:
        fitted = super().fitted(dataset)
        if not self.conditional:
            return fitted
        found = len(dataset.class_names)
        fitted = replace(fitted, num_classes=self.num_classes or found)
        fitted._require(
            "num_classes", fitted.num_classes >= found, f"is fewer than the {found} classes of data={self.data}"
        )
        return fitted

    def sizes(self) -> dict[str, Any]:
        """What both networks are built from; 10 classes where the data are still to say, 0 where there are none to
        learn.
        """
        classes = (self.num_classes or 10) if self.conditional else 0
        return {"image_size": self.image_size, "image_channels": self.image_channels, "num_classes": classes}

    def latents(self) -> dict[str, Any]:
        """What a generator is built from besides."""
        return {"latent_dim": self.latent_dim, "latent_distribution": self.latent_distribution}

    def save_samples(self, pipeline: Any, path: Path, num_images: int) -> None:
        """A row of the grid for each class."""
        rows = min(pipeline.capabilities.num_classes, MOST_ROWS)
        if not rows:
            super().save_samples(pipeline, path, num_images)
            return
        columns = max(1, round(num_images / rows))
        labels = [label for label in range(rows) for _ in range(columns)]
        pipeline.save_grid(path, len(labels), seed=0, class_labels=labels, columns=columns, overwrite=True)
