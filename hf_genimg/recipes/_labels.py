"""What recipes with class labels share: classes from the data, and a row of the grid for each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

from torch import nn

MOST_ROWS = 10  # of a grid: the first so many classes are shown


@dataclass(frozen=True, kw_only=True)
class LabelledRecipe:
    """What stands before another base of a recipe whose published networks are conditioned on classes.

    It inherits from no recipe: the defaults of its bases would come before those of the other base.
    """

    conditional: bool = True  # false: the images need no labels, and none are learned
    num_classes: int | None = None  # none: as in the data
    class_names: list[str] | None = None  # none: as in the data

    left_to_data: ClassVar[tuple[str, ...]] = ("image_channels", "num_classes", "class_names")

    @property
    def labelled(self) -> bool:
        return self.conditional

    def fitted(self, dataset: Any) -> Self:
        fitted = super().fitted(dataset)
        if not self.conditional:
            return fitted
        names = list(dataset.class_names)
        found = len(names)
        fitted = replace(fitted, num_classes=self.num_classes or found, class_names=self.class_names or names)
        fitted._require(
            "num_classes", fitted.num_classes >= found, f"is fewer than the {found} classes of data={self.data}"
        )
        return fitted

    def sizes(self) -> dict[str, Any]:
        """The arguments of the networks for their sizes; 10 classes until the data is open, 0 if unconditional."""
        classes = (self.num_classes or 10) if self.conditional else 0
        return {"image_size": self.image_size, "image_channels": self.image_channels, "num_classes": classes}

    def networks(self) -> dict[str, nn.Module]:
        """The first published network keeps the names of the classes, unless they are their numbers."""
        networks, names = super().networks(), self.class_names or []
        if self.conditional and names != [str(label) for label in range(len(names))]:
            networks[self.published[0]].register_to_config(class_names=names)
        return networks

    def save_samples(self, pipeline: Any, path: Path, num_images: int) -> None:
        """A row of the grid for each class."""
        rows = min(pipeline.capabilities.num_classes, MOST_ROWS)
        if not rows:
            super().save_samples(pipeline, path, num_images)
            return
        columns = max(1, round(num_images / rows))
        labels = [label for label in range(rows) for _ in range(columns)]
        pipeline.save_grid(path, len(labels), seed=0, class_labels=labels, columns=columns, overwrite=True)
