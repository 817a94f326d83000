"""A labelled set of which training sees all images, but few of the labels."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .dataset import ImageDataset
from .fingerprint import key_of


@dataclass(frozen=True)
class PartlyLabelledDataset:
    """Two independent sides: `images`, all of them and without labels, and `inputs`, the labelled ones.

    A batch holds `images` of the one side, and of the other `inputs`, float [n, C, H, W] in [-1, 1], with their
    `labels`, int64 [n].

    dataset: has labels. places: int64, which of its items are the labelled ones.
    """

    dataset: ImageDataset
    places: torch.Tensor

    def __len__(self) -> int:
        return len(self.dataset)

    @property
    def sides(self) -> dict[str, int]:
        """How many items each independent side has."""
        return {"images": len(self.dataset), "inputs": len(self.places)}

    @property
    def conditions(self) -> tuple[str, ...]:
        """What batches hold beside `images`."""
        return ("inputs", "labels")

    @property
    def image_channels(self) -> int:
        """1 (grey) or 3 (RGB)."""
        return self.dataset.image_channels

    @property
    def class_names(self) -> tuple[str, ...]:
        """The name of each label."""
        return self.dataset.class_names

    @property
    def fingerprint(self) -> str:
        """Stands for the images and for which of them are labelled."""
        return key_of(self.dataset.fingerprint, self.places.tolist())

    def batch(
        self,
        indices: dict[str, torch.Tensor],
        device: torch.device | str = "cpu",
        channels_last: bool = False,
        seeds: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """The items of each side on `device`; arguments as for `ImageDataset.batch`, indices by side."""
        images = self.dataset.batch(indices["images"], device, channels_last, seeds)
        labelled = self.dataset.batch(self.places[indices["inputs"]], device, channels_last, seeds)
        return {"images": images["images"], "inputs": labelled["images"], "labels": labelled["labels"]}


def partly_labelled(dataset: ImageDataset, labels: int | None, seed: int) -> PartlyLabelledDataset:
    """Keep the labels of `labels` images, equally many of each class as far as there are; of all where it is None.

    seed: chooses them. Raises `ValueError` where there are fewer labels than classes, or than are asked for.
    """
    found, classes = torch.as_tensor(dataset.labels), len(dataset.class_names)
    if labels is not None and not classes <= labels <= len(found):
        raise ValueError(
            f"labels={labels} must be from {classes}, one for each class, to {len(found)}, or none for all"
        )
    order = torch.randperm(len(found), generator=torch.Generator().manual_seed(seed))
    members = [order[found[order] == label] for label in range(classes)]
    ranks = torch.cat([torch.arange(len(each)) for each in members])  # the first of each class, then the second, ...
    chosen = torch.cat(members)[ranks.argsort(stable=True)]
    return PartlyLabelledDataset(dataset, chosen[:labels].sort().values)
