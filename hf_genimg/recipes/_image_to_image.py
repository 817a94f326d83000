"""What image-to-image recipes share: inputs and targets as data, and rows of examples."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import torch

from ..data import (
    DegradedDataset,
    PairedDataset,
    UnpairedDataset,
    open_pairs,
    open_unpaired,
    separate_split,
    side_splits,
)
from ..training.sampler import for_sides
from ._images import ImageRecipe


@dataclass(frozen=True, kw_only=True)
class ImageToImageRecipe(ImageRecipe):
    """A recipe whose data are inputs and targets."""

    inputs: str | None = None  # a column, folder, half, source, or degradation (downscale:4+noise:10); none: found
    targets: str | None = None  # what it is to become: a column, a folder, left, right or a source; none: found
    input_size: int | None = None  # pixels a side of inputs that lie beside the targets; none: those of the targets
    input_channels: int | None = None  # 1 grey, 3 colour; none: as in the data

    paired: ClassVar[bool] = True  # whether each input belongs to one target
    left_to_data: ClassVar[tuple[str, ...]] = ("image_channels", "input_channels")

    @property
    def inputs_used(self) -> str | None:
        """`inputs`, or what a recipe has in its place where it is not given."""
        return self.inputs

    def check(self) -> None:
        super().check()
        self._require(
            "input_channels",
            self.input_channels in (None, 1, 3),
            "must be 1 (grey), 3 (colour) or none (as in the data)",
        )
        self._require(
            "skip_bad", not self.skip_bad, "cannot be used: a picture left out would leave the other of its pair alone"
        )

    def splits(self) -> list[str]:
        return side_splits(self.data, self.inputs_used, self.targets, self.paired)

    def dataset(self, split: str | None = None) -> PairedDataset | DegradedDataset | UnpairedDataset:
        data, inputs, targets = (self.data, self.inputs_used, self.targets)
        if split is not None:
            data, inputs, targets = (text and separate_split(text)[0] for text in (data, inputs, targets))
        return (open_pairs if self.paired else open_unpaired)(
            data,
            split=split,
            input_size=self.input_size,
            input_channels=self.input_channels,
            inputs=inputs,
            targets=targets,
            labels=self.labelled,
            label_column=self.label_column if self.labelled else None,
            **self.reading(),
        )

    def held_out(self) -> PairedDataset | DegradedDataset | UnpairedDataset | None:
        sources = [text for text in (self.inputs_used, self.targets) if text]
        if any(separate_split(text)[1] not in (None, "train") for text in sources):
            return None
        return super().held_out()

    def fitted(self, dataset: Any) -> Self:
        fitted = replace(super().fitted(dataset), input_channels=self.input_channels or dataset.input_channels)
        with torch.device("meta"):
            scale = fitted.models()["generator"].scale
        if scale * dataset.input_size != dataset.image_size:
            sizes = f"{dataset.input_size} pixels a side and the targets {dataset.image_size}"
            raise ValueError(
                f"inputs={self.inputs_used} has {sizes}, but the images of {self.name} are {scale} times the size of "
                f"its inputs; use inputs of {dataset.image_size // scale} pixels"
            )
        return fitted

    def channels(self) -> dict[str, int]:
        """Of both sides of a pair; 1 where the data are still to say."""
        return {"image_channels": self.image_channels or 1, "input_channels": self.input_channels or 1}

    def save_samples(self, pipeline: Any, path: Path, num_images: int) -> None:
        """Input, translation and target of the first pairs that are held out, or of the first at all; three cells of
        the grid for each.
        """
        pairs = self.held_out() or replace(self, flip=False).dataset()
        count = min(*pairs.sides.values(), max(1, num_images // 3))
        batch = pairs.batch(for_sides(pairs.sides, torch.arange(count)))
        given = {name: batch[name] for name in ("mask", "style") if name in pairs.conditions}
        given |= {"class_labels": batch["labels"]} if pipeline.capabilities.num_classes else {}
        given |= {"seed": 0} if pipeline.capabilities.latents else {}
        pipeline.save_comparison(path, batch["inputs"], batch["images"], **given, overwrite=True)
