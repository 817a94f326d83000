"""What image recipes share: where images come from, and the optimizer of each player."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from ..data import MAX_PIXELS, ImageDataset, available_splits, decoding, open_dataset, separate_split
from ..training.recipe import Recipe

HELD_OUT_SPLITS = ("test", "validation")  # the first of these that the data has is measured, never trained on


@dataclass(frozen=True, kw_only=True)
class ImageRecipe(Recipe):
    """A recipe whose data is a set of images."""

    flip: bool = False  # train on mirrored images too; wrong for letters and digits
    skip_bad: bool = False  # leave out pictures that cannot be read, and count them
    upscale: bool = False  # accept pictures smaller than image_size
    fit: str = "crop"  # how pictures become square: crop (the centre), pad (with white) or stretch
    random_crop: bool = False  # cut squares of image_size from larger pictures, at random places while training
    crop_from: int | None = None  # pixels that the shorter side keeps for random_crop; none: 4 times image_size
    max_pixels: int = MAX_PIXELS  # refuse pictures with more
    max_level: int | None = None  # white, in pictures with 16 bits a level (4095 for 12 bits); none: 65535
    image_column: str | None = None  # of a table with several columns of pictures; none: found
    label_column: str | None = None  # of a table or metadata.csv, the classes; none: label or labels
    text_column: str | None = None  # of a table or metadata.csv, the captions; none: text, caption or prompt
    adam_beta1: float = 0.9
    adam_beta2: float = 0.999
    fused_optimizer: bool = True  # one kernel for all weights; false for devices that lack it

    @property
    def labelled(self) -> bool:
        """Whether it is trained with class labels."""
        return False

    @property
    def captioned(self) -> bool:
        """Whether it is trained with captions."""
        return False

    def dataset(self, split: str | None = None) -> ImageDataset:
        return open_dataset(
            self.data if split is None else separate_split(self.data)[0],
            split=split,
            labels=self.labelled,
            captions=self.captioned,
            label_column=self.label_column if self.labelled else None,
            text_column=self.text_column if self.captioned else None,
            skip_bad=self.skip_bad,
            **self.reading(),
        )

    def reading(self) -> dict[str, Any]:
        """How pictures are found and decoded, of every kind of data."""
        names = ("image_size", "image_channels", "image_column", "flip", "upscale")
        names += ("fit", "random_crop", "crop_from", "max_pixels", "max_level")
        return {name: getattr(self, name) for name in names}

    def held_out(self) -> ImageDataset | None:
        if separate_split(self.data)[1] not in (None, "train"):
            return (
                None  # trained on another split by the user's own wish: which one may be evaluated is not ours to guess
            )
        splits = [split for split in HELD_OUT_SPLITS if split in self.splits()]
        return replace(self, flip=False).dataset(splits[0]) if splits else None

    def splits(self) -> list[str]:
        """Names of the splits of `data`."""
        return available_splits(self.data)

    def check(self) -> None:
        super().check()
        for name in ("adam_beta1", "adam_beta2"):
            self._require(name, 0 <= getattr(self, name) < 1, "must be at least 0 and below 1")
        crops = {"fit": self.fit, "random_crop": self.random_crop, "crop_from": self.crop_from}
        decoding(self.image_size, max_pixels=self.max_pixels, max_level=self.max_level, **crops)
        for name, used in (("label_column", self.labelled), ("text_column", self.captioned)):
            self._require(name, used or getattr(self, name) is None, "is not used by this recipe; leave it out")

    def optimizers(self, models: Mapping[str, nn.Module]) -> dict[str, torch.optim.Optimizer]:
        betas = (self.adam_beta1, self.adam_beta2)
        settings = {"lr": self.learning_rate, "betas": betas, "fused": self.fused_optimizer}
        return {name: torch.optim.Adam(model.parameters(), **settings) for name, model in models.items()}
