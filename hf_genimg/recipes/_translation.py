"""What translation recipes share: pairs as data, a GAN loss with an L1 distance, and rows of examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import nn

from ..data import (
    DegradedDataset,
    PairedDataset,
    UnpairedDataset,
    open_pairs,
    open_unpaired,
    separate_split,
    side_splits,
)
from ..layers.jitter import shift_together
from ..losses.adversarial import gan_loss
from ..objectives.translation import Translation
from ..pipelines.translation import ImageTranslationPipeline
from ..training.sampler import for_sides
from ._images import ImageRecipe


@dataclass(frozen=True, kw_only=True)
class TranslationRecipe(ImageRecipe):
    """A generator that turns inputs into targets, against a discriminator of (input, image) pairs."""

    inputs: str | None = None  # a column, folder, half, source, or degradation (downscale:4+noise:10); none: found
    targets: str | None = None  # what it is to become: a column, a folder, left, right or a source; none: found
    input_size: int | None = None  # pixels a side of inputs that lie beside the targets; none: those of the targets
    input_channels: int | None = None  # 1 grey, 3 colour; none: as in the data
    loss: str = "non_saturating"  # saturating, least_squares, hinge, wasserstein or relativistic, patch by patch
    shift: int = 0  # augment pairs by shifts of up to so many pixels, both sides alike
    l1_weight: float = 100.0  # of the mean absolute difference to the targets; 0: none
    adam_beta1: float = 0.5
    save_discriminator: bool = True  # keep it in the pipeline, for scores and for training on

    paired: ClassVar[bool] = True  # whether each input belongs to one target
    left_to_data: ClassVar[tuple[str, ...]] = ("image_channels", "input_channels")

    def check(self) -> None:
        super().check()
        self._require("l1_weight", self.l1_weight >= 0, "must be at least 0")
        self._require(
            "shift", 0 <= self.shift < self.image_size, f"must be at least 0 and below image_size={self.image_size}"
        )
        self._require(
            "input_channels",
            self.input_channels in (None, 1, 3),
            "must be 1 (grey), 3 (colour) or none (as in the data)",
        )
        self._require(
            "skip_bad", not self.skip_bad, "cannot be used: a picture left out would leave the other of its pair alone"
        )

    def splits(self) -> list[str]:
        return side_splits(self.data, self.inputs, self.targets, self.paired)

    def dataset(self, split: str | None = None) -> PairedDataset | DegradedDataset | UnpairedDataset:
        data, inputs, targets = (self.data, self.inputs, self.targets)
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
        sources = [text for text in (self.inputs, self.targets) if text]
        if any(separate_split(text)[1] not in (None, "train") for text in sources):
            return None
        return super().held_out()

    def fitted(self, dataset: Any) -> Self:
        fitted = replace(super().fitted(dataset), input_channels=self.input_channels or dataset.input_channels)
        with torch.device("meta"):
            scale = fitted.models()["generator"].scale
        if scale * dataset.input_size != dataset.image_size:
            raise ValueError(
                f"inputs={self.inputs} has {dataset.input_size} pixels a side and the targets {dataset.image_size}, "
                f"but the images of {self.name} are {scale} times the size of its inputs; use inputs of "
                f"{dataset.image_size // scale} pixels"
            )
        return fitted

    def channels(self) -> dict[str, int]:
        """Of both sides of a pair; 1 where the data are still to say."""
        return {"image_channels": self.image_channels or 1, "input_channels": self.input_channels or 1}

    def objective(self) -> Translation:
        return Translation(
            gan_loss(self.loss), self.l1_weight, partial(shift_together, most=self.shift) if self.shift else None
        )

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        discriminator = networks["discriminator"] if self.save_discriminator else None
        return ImageTranslationPipeline(generator=networks["generator"], discriminator=discriminator)

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
