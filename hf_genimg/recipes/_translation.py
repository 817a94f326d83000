"""What every recipe that learns to translate pictures shares: pairs as data, the game with a distance, and rows of
examples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import nn

from ..data import PairedDataset, open_pairs, pair_splits, separate_split
from ..layers.jitter import shift_together
from ..losses.adversarial import gan_loss
from ..objectives.translation import Translation
from ..pipelines.translation import ImageTranslationPipeline
from ._images import ImageRecipe


@dataclass(frozen=True, kw_only=True)
class TranslationRecipe(ImageRecipe):
    """A generator that turns inputs into targets, against a discriminator that sees both."""

    inputs: str | None = (
        None  # what is translated: a column, a folder, left, right, or blurred (made from the targets); none: found
    )
    targets: str | None = None  # what it is to become: a column, a folder, left or right; none: found
    input_channels: int | None = None  # 1 grey, 3 colour; none: as in the data
    loss: str = "non_saturating"  # saturating, least_squares, hinge, wasserstein or relativistic, patch by patch
    shift: int = 0  # augment pairs by shifts of up to so many pixels, both sides alike
    l1_weight: float = 100.0  # of the mean absolute difference to the targets; 0: none
    adam_beta1: float = 0.5
    save_discriminator: bool = True  # keep it in the pipeline, for scores and for training on

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
        return pair_splits(self.data, self.inputs, self.targets)

    def dataset(self, split: str | None = None) -> PairedDataset:
        return open_pairs(
            self.data if split is None else separate_split(self.data)[0],
            split=split,
            image_size=self.image_size,
            image_channels=self.image_channels,
            input_channels=self.input_channels,
            inputs=self.inputs,
            targets=self.targets,
            flip=self.flip,
            upscale=self.upscale,
        )

    def fitted(self, dataset: Any) -> Self:
        return replace(super().fitted(dataset), input_channels=self.input_channels or dataset.input_channels)

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
        batch = pairs.batch(torch.arange(min(len(pairs), max(1, num_images // 3))))
        pipeline.save_comparison(path, batch["inputs"], batch["images"], overwrite=True)
