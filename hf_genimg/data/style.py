"""Contents and styles: two sets of pictures, of which no item belongs to one of the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .containers import Folder
from .dataset import ImageDataset, decoded_dataset
from .decode import decoding
from .fingerprint import key_of
from .folder import picture_names, plain_source


@dataclass(frozen=True, eq=False)
class ContentAndStyle:
    """Batches hold `images`, the same as `inputs`, and `style`; all float [n, C, H, W] in [-1, 1].

    Args:
        contents: what is given a style.
        styles: pictures in the style or styles, with as many channels.
        rows: int64 [n], those of `styles` that are used; None: all.
    """

    contents: ImageDataset
    styles: ImageDataset
    rows: torch.Tensor | None = None
    conditions: tuple[str, ...] = ("inputs", "style")
    class_names: tuple[str, ...] | None = None

    @property
    def sides(self) -> dict[str, int]:
        """How many items each side has."""
        return {"images": len(self.contents), "style": len(self.styles if self.rows is None else self.rows)}

    @property
    def fingerprint(self) -> str:
        """Of both sets."""
        return key_of(self.contents.fingerprint, self.styles.fingerprint, self.sides)

    @property
    def image_size(self) -> int:
        """Pixels a side."""
        return self.contents.image_size

    @property
    def image_channels(self) -> int:
        """1 grey, 3 colour."""
        return self.contents.image_channels

    def __len__(self) -> int:
        return len(self.contents)

    def batch(
        self,
        indices: Mapping[str, torch.Tensor],
        device: torch.device | str = "cpu",
        channels_last: bool = False,
        seeds: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """The items of each side; arguments as of `ImageDataset.batch`."""
        images = self.contents.batch(indices["images"], device, channels_last, seeds)["images"]
        rows = indices["style"] if self.rows is None else self.rows[indices["style"].cpu()]
        style = self.styles.batch(rows, device, channels_last, seeds)["images"]
        return {"images": images, "inputs": images, "style": style}


def rows_of_class(dataset: ImageDataset, name: str) -> torch.Tensor:
    """The indices, int64 [n], of the pictures of the class called `name`.

    Raises `ValueError` with the names there are.
    """
    names = dataset.class_names
    if name not in names:
        raise ValueError(f"{dataset.name} has no class {name!r}; use one of {', '.join(names)}")
    return torch.from_numpy(np.flatnonzero(dataset.labels == names.index(name)))


def picture_file(source: str | Path) -> Path | None:
    """The file that `source` names where it is a single picture, else None."""
    path = Path(source).expanduser()
    return path if picture_names([path.name]) and path.is_file() else None


def one_picture(path: Path, **reading: Any) -> ImageDataset:
    """A set of one picture; arguments as of `decoding`. Raises `ValueError` where it cannot be used."""
    listing = Folder(path.parent, (path.name,))
    source = plain_source(str(path), listing, [path.name], "train", "one picture")
    return decoded_dataset(source, decoding(**reading), labels=False, flip=False, progress=False)
