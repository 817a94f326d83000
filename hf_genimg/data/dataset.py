"""`open_dataset`: any source, decoded once, as an `ImageDataset` whose `batch` is the hot path of training."""

from __future__ import annotations

import operator
import warnings
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .build import build_entry
from .cache import FORMAT_VERSION, Entry, cache_root, cached_entry
from .decode import Decoding, detect_channels, detect_size
from .fingerprint import content_hash, key_of, stat_fingerprint
from .locate import find_source
from .source import Source

DIGITS_SIZE = 28  # pixels a side, as of MNIST
_NAMES_IN_WARNING = 3
_MOST_CLASSES = 1 << 16  # more than any labelled set has; beyond it a label is an identifier


@dataclass(frozen=True, eq=False)
class ImageDataset:
    """A decoded image set.

    Args:
        images: uint8 [N, H, W, C], memory-mapped copy-on-write.
        labels: int64 [N], or None.
        classes: name of each label, or None without labels.
        name: the source as it was given, without its split.
        split: canonical name of the split.
        fingerprint: hash of the contents and of how they were decoded.
        skipped: how many bad pictures were left out.
        flip: whether the mirrored copies follow the originals: then item N + i is item i mirrored left to right.
    """

    images: np.ndarray = field(repr=False)
    labels: np.ndarray | None = field(repr=False)
    classes: tuple[str, ...] | None
    name: str
    split: str
    fingerprint: str
    skipped: int = 0
    flip: bool = False
    _tensors: tuple[torch.Tensor, torch.Tensor | None] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        labels = None if self.labels is None else torch.from_numpy(self.labels)
        object.__setattr__(self, "_tensors", (torch.from_numpy(self.images), labels))

    @property
    def image_size(self) -> int:
        """Height and width in pixels."""
        return self.images.shape[1]

    @property
    def image_channels(self) -> int:
        """1 (grey) or 3 (RGB)."""
        return self.images.shape[3]

    def __len__(self) -> int:
        return len(self.images) * (2 if self.flip else 1)

    @property
    def sides(self) -> dict[str, int]:
        """How many items each independent side has."""
        return {"images": len(self)}

    @property
    def conditions(self) -> tuple[str, ...]:
        """What batches hold beside images."""
        return () if self.labels is None else ("labels",)

    def batch(
        self,
        indices: torch.Tensor,
        device: torch.device | str = "cpu",
        channels_last: bool = False,
        seeds: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """The items `indices` on `device`.

        Args:
            indices: int64 [n], each in [0, len(self)).
            channels_last: strides of the images; otherwise they are contiguous.

        Returns:
            `images`: float32 [n, C, H, W] in [-1, 1]; with labels also `labels`: int64 [n].

        Raises:
            IndexError: an index is out of range.
        """
        indices = indices.cpu()
        self._check_range(indices)
        images, labels = self._tensors
        count = len(images)
        rows = indices % count if self.flip else indices
        pixels = images.index_select(0, rows)
        if self.flip:
            mirrored = indices >= count
            pixels[mirrored] = pixels[mirrored].flip(2)
        # Bytes travel, floats are made where they are used; one pass converts and, if need be, reorders.
        layout = torch.preserve_format if channels_last else torch.contiguous_format
        pixels = pixels.to(device).permute(0, 3, 1, 2)
        batch = {"images": pixels.to(torch.float32, memory_format=layout).div_(127.5).sub_(1)}
        if labels is not None:
            batch["labels"] = labels.index_select(0, rows).to(device)
        return batch

    def _check_range(self, indices: torch.Tensor) -> None:
        if indices.numel():
            low, high = (int(bound) for bound in torch.aminmax(indices))
            if low < 0 or high >= len(self):
                raise IndexError(f"indices {low}..{high} are not all in 0..{len(self) - 1}")

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        """One item: `images` float32 [C, H, W] in [-1, 1], and a scalar `labels` when there are any. A negative index
        counts from the end.

        Raises:
            IndexError: the index is out of range.
        """
        position = operator.index(index)
        if not -len(self) <= position < len(self):
            raise IndexError(f"index {position} is not in {-len(self)}..{len(self) - 1}")
        batch = self.batch(torch.tensor([position % len(self)]))
        return {name: values[0] for name, values in batch.items()}


def open_dataset(
    source: str | Path,
    *,
    image_size: int,
    image_channels: int | None = None,
    split: str | None = None,
    labels: bool = False,
    flip: bool = False,
    skip_bad: bool = False,
    upscale: bool = False,
    progress: bool = True,
) -> ImageDataset:
    """Open a set of images, decoding it first unless its contents were decoded the same way before.

    Every picture becomes its centre square, resized with antialiasing; transparency is laid over white.

    Args:
        source: `digits`, a folder or zip file of pictures, a directory of parquet files or a Hub dataset, each with an
            optional `@split`.
        image_size: height and width in pixels.
        image_channels: 1 or 3; None takes 1 when the first 32 pictures are all grey, else 3.
        split: the split, where `source` does not name it; `train` by default.
        labels: whether labels are wanted; then a source without them is an error.
        flip: whether the mirrored copies follow the originals (twice the length, no randomness).
        skip_bad: whether pictures that cannot be used are left out, with a warning; otherwise the first is an error.
        upscale: whether pictures smaller than `image_size` are enlarged; otherwise they are bad pictures.
        progress: whether to show a progress bar while decoding.

    Raises:
        FileNotFoundError: nothing is at `source`.
        ValueError: anything else that is wrong, in one line that names it, what is allowed and what to do.
    """
    check_numbers(image_size, image_channels)
    found = find_source(source, split)
    if labels and not found.labelled:
        remedy = "give class sub-folders or a parquet column `label` of integers, or set labels=false"
        raise ValueError(f"{found.name} has no labels in its split {found.split}; {remedy}")
    how = Decoding(image_size, image_channels or detect_channels(found), upscale=upscale, skip_bad=skip_bad)
    return decoded_dataset(found, how, labels, flip, progress)


def natural_size(source: str | Path) -> int:
    """The shorter side, in pixels, of the smallest of the first 32 pictures; 28 for the built-in digits, which have no
    size of their own.

    Raises as `open_dataset`.
    """
    return detect_size(find_source(source)) or DIGITS_SIZE


def is_labelled(source: str | Path) -> bool:
    """Whether the pictures of a source have labels. Raises as `open_dataset`."""
    return find_source(source).labelled


def decoded_dataset(found: Source, how: Decoding, labels: bool, flip: bool, progress: bool) -> ImageDataset:
    """A source that was found, decoded; arguments as of `open_dataset`."""
    key, entry = _entry(found, how, progress)
    if entry.meta["skipped"]:
        _warn_of_skipped(found, entry.meta)
    return ImageDataset(
        images=entry.images,
        labels=entry.labels if labels else None,
        classes=_class_names(found, entry) if labels else None,
        name=found.name,
        split=found.split,
        fingerprint=key,
        skipped=entry.meta["skipped"],
        flip=flip,
    )


def check_numbers(image_size: int, channels: int | None, called: str = "image_channels") -> None:
    """Raise `ValueError` for a size or a number of channels that no image has."""
    if isinstance(image_size, bool) or not isinstance(image_size, int) or image_size < 1:
        raise ValueError(
            f"image_size={image_size!r} is not a number of pixels; use a whole number from 1, such as 32 or 64"
        )
    if isinstance(channels, bool) or channels not in (None, 1, 3):
        raise ValueError(f"{called}={channels!r} is not allowed; use 1 (grey), 3 (RGB) or None (as in the data)")


def _entry(source: Source, how: Decoding, progress: bool) -> tuple[str, Entry]:
    stats = stat_fingerprint(source)
    content = content_hash(source, cache_root() / "index", stats, progress)
    key = key_of(
        FORMAT_VERSION,
        source.recipe,
        source.split,
        content,
        how.image_size,
        how.image_channels,
        how.upscale,
        how.skip_bad,
    )
    return key, cached_entry(key, partial(_build_unchanged, source, how, stats, progress), source.name)


def _build_unchanged(source: Source, how: Decoding, stats: str, progress: bool, folder: Path) -> None:
    build_entry(folder, source, how, progress)
    if stat_fingerprint(source) != stats:
        raise ValueError(f"{source.name} changed while it was being read; open it again when nothing writes to it")


def _warn_of_skipped(source: Source, meta: dict[str, Any]) -> None:
    bad = meta["skipped_pictures"]
    shown = " | ".join(bad[:_NAMES_IN_WARNING]) + (" | ..." if len(bad) > _NAMES_IN_WARNING else "")
    warnings.warn(
        f"{len(bad)} of {source.count} pictures of {source.name} were left out: {shown}", UserWarning, stacklevel=4
    )


def _class_names(source: Source, entry: Entry) -> tuple[str, ...]:
    """Those that the data give, else the numbers up to the largest label."""
    low, high = int(entry.labels.min()), int(entry.labels.max())
    if low < 0:
        raise ValueError(
            f"{source.name} has {int((entry.labels < 0).sum())} pictures without a label; remove these or set labels=false"
        )
    known = len(source.classes) if source.classes else _MOST_CLASSES
    if high >= known:
        raise ValueError(
            f"{source.name} has the label {high}; labels must be in 0..{known - 1}: correct it or set labels=false"
        )
    return source.classes or tuple(map(str, range(high + 1)))
