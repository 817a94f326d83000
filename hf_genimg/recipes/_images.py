"""What every recipe that learns from pictures shares: where they come from, and the optimizer of its players."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import nn

from ..data import ImageDataset, available_splits, open_dataset, separate_split
from ..training.recipe import Recipe

HELD_OUT_SPLITS = ("test", "validation")  # the first of these that the data has is measured, never trained on


@dataclass(frozen=True, kw_only=True)
class ImageRecipe(Recipe):
    """A recipe whose data is a set of pictures."""

    flip: bool = False  # learn from the mirrored pictures too; wrong for letters and digits
    skip_bad: bool = False  # leave out pictures that cannot be read, and say how many
    upscale: bool = False  # accept pictures smaller than image_size
    adam_beta1: float = 0.9
    adam_beta2: float = 0.999
    fused_optimizer: bool = (
        True  # one kernel for all weights; false: one call for each operation, for devices that lack it
    )

    @property
    def labelled(self) -> bool:
        """Whether the classes of the pictures are learned from."""
        return False

    def dataset(self, split: str | None = None) -> ImageDataset:
        return open_dataset(
            self.data if split is None else separate_split(self.data)[0],
            split=split,
            image_size=self.image_size,
            image_channels=self.image_channels,
            labels=self.labelled,
            flip=self.flip,
            skip_bad=self.skip_bad,
            upscale=self.upscale,
        )

    def held_out(self) -> ImageDataset | None:
        if separate_split(self.data)[1] not in (None, "train"):
            return (
                None  # trained on another split by the user's own wish: which one may be looked at is not ours to guess
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

    def optimizers(self, models: Mapping[str, nn.Module]) -> dict[str, torch.optim.Optimizer]:
        betas = (self.adam_beta1, self.adam_beta2)
        settings = {"lr": self.learning_rate, "betas": betas, "fused": self.fused_optimizer}
        return {name: torch.optim.Adam(model.parameters(), **settings) for name, model in models.items()}
