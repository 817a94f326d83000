"""`open_dataset`: any source, decoded once, as an `ImageDataset` whose `batch` is the hot path of training."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import torch

from .build import build_entry
from .cache import FORMAT_VERSION, Entry, cache_root, cached_entry
from .crops import CroppedImages
from .decode import Decoding, decoding, detect_channels, detect_sizes, seems_transparent
from .fingerprint import content_hash, key_of, remembered_channels, stat_fingerprint
from .open_picture import MAX_PIXELS
from .randomness import CAPTION, item_generator
from .resolve import find_source
from .source import Fields, Source

DIGITS_SIZE = 28  # pixels a side, as of MNIST
_NAMES_IN_WARNING = 3
_DARK = 1 << 14  # of 16-bit levels: below it, white is less than a quarter of the range
Tokenize = Callable[[list[str]], torch.Tensor]
_MOST_CLASSES = 1 << 16  # more than any labelled set has; beyond it a label is an identifier


@dataclass(frozen=True, eq=False)
class ImageDataset:
    """A decoded image set.

    Args:
        images: uint8 [N, H, W, C], memory-mapped copy-on-write; or `CroppedImages`, of which each access cuts squares.
        labels: int64 [N], or None.
        class_names: name of each label, or None without labels.
        name: the source as it was given, without its split.
        split: canonical name of the split.
        fingerprint: hash of the contents and of how they were decoded.
        skipped: how many bad pictures were left out.
        flip: whether the mirrored copies follow the originals: then item N + i is item i mirrored left to right.
        captions: the captions of each original, or None; item N + i has those of item i.
        tokenize: turns captions into token ids, int64 [n, T]; batches of a captioned set need it.
    """

    images: np.ndarray | CroppedImages = field(repr=False)
    labels: np.ndarray | None = field(repr=False)
    class_names: tuple[str, ...] | None
    name: str
    split: str
    fingerprint: str
    skipped: int = 0
    flip: bool = False
    captions: Sequence[Sequence[str]] | None = field(default=None, repr=False)
    tokenize: Tokenize | None = field(default=None, repr=False)
    _labels: torch.Tensor | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_labels", None if self.labels is None else torch.from_numpy(self.labels))

    @property
    def image_size(self) -> int:
        """Height and width in pixels."""
        return self.images.shape[1]

    @property
    def image_channels(self) -> int:
        """1 (grey), 3 (RGB) or 4 (premultiplied RGB and alpha)."""
        return self.images.shape[3]

    @property
    def sides(self) -> dict[str, int]:
        """How many items each independent side has: `images` alone."""
        return {"images": len(self)}

    @property
    def conditions(self) -> tuple[str, ...]:
        """What batches hold beside `images`: `labels`, `text`, both or nothing."""
        found = {"labels": self.labels, "text": self.captions}
        return tuple(name for name, values in found.items() if values is not None)

    def __len__(self) -> int:
        return len(self.images) * (2 if self.flip else 1)

    def with_tokenizer(self, tokenize: Tokenize) -> Self:
        """The same set, whose batches hold `text`: the token ids that `tokenize` makes of one caption for each item."""
        return replace(self, tokenize=tokenize)

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
            seeds: int64 [n]; where an item is cropped, and which of its captions it gets, is drawn from its seed. None
                takes the centre and the first caption.

        Returns:
            `images`: float32 [n, C, H, W] in [-1, 1]; with labels also `labels`: int64 [n]; with captions also `text`:
            int64 [n, T].

        Raises:
            IndexError: an index is out of range.
            ValueError: there are captions but no tokenizer.
        """
        batch = {"images": to_float(self.pixels(indices, seeds), device, channels_last)}
        batch |= self.labels_of(indices, device)
        if self.captions is not None:
            batch["text"] = self._text(self._rows(indices), seeds).to(device)
        return batch

    def labels_of(self, indices: torch.Tensor, device: torch.device | str = "cpu") -> dict[str, torch.Tensor]:
        """`labels` of a batch, int64 [n]; nothing where there are none."""
        return {} if self._labels is None else {"labels": self._labels.index_select(0, self._rows(indices)).to(device)}

    def pixels(self, indices: torch.Tensor, seeds: torch.Tensor | None = None) -> torch.Tensor:
        """The images of a batch as uint8 [n, H, W, C] on the CPU; arguments and errors as of `batch`."""
        indices = indices.cpu()
        self._check_range(indices)
        rows = self._rows(indices)
        if isinstance(self.images, np.ndarray):
            pixels = torch.from_numpy(self.images).index_select(0, rows)
        else:
            pixels = torch.from_numpy(self.images.crops(rows.tolist(), None if seeds is None else seeds.tolist()))
        if self.flip:
            mirrored = indices >= len(self.images)
            pixels[mirrored] = pixels[mirrored].flip(2)
        return pixels

    def _rows(self, indices: torch.Tensor) -> torch.Tensor:
        return indices.cpu() % len(self.images) if self.flip else indices.cpu()

    def _text(self, rows: torch.Tensor, seeds: torch.Tensor | None) -> torch.Tensor:
        if self.tokenize is None:
            raise ValueError(f"{self.name} has captions but no tokenizer; use with_tokenizer(network.tokenize)")
        found = [self.captions[row] for row in rows.tolist()]
        if seeds is None:
            return self.tokenize([captions[0] for captions in found])
        chosen = zip(found, seeds.tolist(), strict=True)
        return self.tokenize([texts[item_generator(seed, CAPTION).integers(len(texts))] for texts, seed in chosen])

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


def to_float(pixels: torch.Tensor, device: torch.device | str, channels_last: bool) -> torch.Tensor:
    """uint8 [n, H, W, C] to float32 [n, C, H, W] in [-1, 1] on `device`."""
    # Bytes travel, floats are made where they are used; one pass converts and, if need be, reorders.
    layout = torch.preserve_format if channels_last else torch.contiguous_format
    pixels = pixels.to(device).permute(0, 3, 1, 2)
    return pixels.to(torch.float32, memory_format=layout).div_(127.5).sub_(1)


def open_dataset(
    source: str | Path,
    *,
    image_size: int,
    image_channels: int | None = None,
    split: str | None = None,
    labels: bool = False,
    captions: bool = False,
    image_column: str | None = None,
    label_column: str | None = None,
    text_column: str | None = None,
    tokenize: Tokenize | None = None,
    flip: bool = False,
    skip_bad: bool = False,
    upscale: bool = False,
    fit: str = "crop",
    random_crop: bool = False,
    crop_from: int | None = None,
    max_pixels: int = MAX_PIXELS,
    max_level: int | None = None,
    progress: bool = True,
) -> ImageDataset:
    """Open a set of images, decoding it first unless its contents were decoded the same way before.

    Every picture becomes a square, resized with antialiasing; transparency is laid over white.

    Args:
        source: `digits`, a folder, zip or tar file of pictures, a directory of parquet files, arrays or a Hub dataset
            (`describe_sources`), each with an optional `@split`.
        image_size: height and width in pixels.
        image_channels: 1 and 3 put what is transparent over white, 4 keeps it (premultiplied RGB, and alpha); None
            takes 1 when all pictures are grey, else 3.
        split: the split, where `source` does not name it; `train` by default.
        labels: whether labels are wanted; then a source without them is an error.
        captions: whether captions are wanted; then a source without them is an error.
        image_column, label_column, text_column: the columns of tables, or of metadata.csv and .jsonl, that hold them;
            None finds those of usual names. A `text_column` wants captions.
        tokenize: turns captions into token ids, int64 [n, T]; see `ImageDataset.with_tokenizer`.
        flip: whether the mirrored copies follow the originals (twice the length, no randomness).
        skip_bad: whether pictures that cannot be used are left out, with a warning; otherwise the first is an error.
        upscale: whether pictures smaller than `image_size` are enlarged; otherwise they are bad pictures.
        fit: how other shapes become square: `crop` takes the centre square, `pad` lays the whole on a white square,
            `stretch` stretches.
        random_crop: whether pictures keep their shape, and squares of `image_size` are cut from them in each batch: at
            random places where there are seeds, in the centre otherwise.
        crop_from: the most pixels that the shorter side keeps for that; None: 4 times `image_size`.
        max_pixels: the most pixels that a picture may have.
        max_level: white, of pictures with 16 bits a level; None: 65535.
        progress: whether to show a progress bar while decoding.

    Raises:
        FileNotFoundError: nothing is at `source`.
        ValueError: anything else that is wrong, in one line that names it, what is allowed and what to do.
    """
    how = decoding(image_size, image_channels, upscale, skip_bad, fit, random_crop, crop_from, max_pixels, max_level)
    captions = captions or text_column is not None
    found = find_source(source, split, Fields(image_column, label_column, text_column, captions))
    require_parts(found, labels, captions)
    opened = decoded_dataset(found, how, labels, flip, progress)
    return opened if tokenize is None else opened.with_tokenizer(tokenize)


def require_parts(found: Source, labels: bool, captions: bool) -> None:
    """Raise `ValueError` where labels or captions are wanted and there are none."""
    if labels and not found.labelled:
        remedy = (
            "give class sub-folders, metadata.csv or a column `label`, name one by label_column, or set labels=false"
        )
        why = f" ({found.label_note})" if found.label_note else ""
        raise ValueError(f"{found.name} has no labels in its split {found.split}{why}; {remedy}")
    if captions and not found.captioned:
        remedy = "give a column `text`, name one by text_column, or .txt files beside the pictures"
        raise ValueError(f"{found.name} has no captions in its split {found.split}; {remedy}")


def picture_sizes(source: str | Path) -> list[int]:
    """The shorter sides, in pixels, of the first 32 pictures; [28] for the built-in digits, which have no size of their
    own.

    Raises as `open_dataset`.
    """
    return detect_sizes(find_source(source)) or [DIGITS_SIZE]


class PictureFacts(NamedTuple):
    """What the headers of pictures say: how many there are, 1 or 3 channels, the shorter sides of the first ones (none
    where they may have any), whether one of them has pixels that are not opaque, and whether there are labels.
    """

    count: int
    image_channels: int
    sides: list[int]
    transparent: bool
    labelled: bool


def describe_pictures(source: str | Path) -> PictureFacts:
    """What a source holds, without decoding it. Raises as `open_dataset`."""
    found = find_source(source)
    sides, transparent = detect_sizes(found), seems_transparent(found)
    return PictureFacts(found.count, detect_channels(found), sides, transparent, found.labelled)


def has_transparency(source: str | Path) -> bool:
    """Whether any of the first 32 pictures has pixels that are not opaque. Raises as `open_dataset`."""
    return seems_transparent(find_source(source))


def natural_size(source: str | Path) -> int:
    """The smallest of `picture_sizes`."""
    return min(picture_sizes(source))


def is_labelled(source: str | Path) -> bool:
    """Whether the pictures of a source have labels. Raises as `open_dataset`."""
    return find_source(source).labelled


def decoded_dataset(found: Source, how: Decoding, labels: bool, flip: bool, progress: bool) -> ImageDataset:
    """A source that was found, decoded; arguments as of `open_dataset`, and `how` as `decoding` makes it."""
    key, entry, how = _entry(found, how, progress)
    labelling = (found.label_note,) if labels and found.label_note else ()
    for note in (*found.notes, *labelling, *_notes(found, entry.meta, how)):
        warnings.warn(note, UserWarning, stacklevel=3)
    images = entry.images
    if entry.sizes is not None:
        images = CroppedImages(entry.images, entry.sizes, how.image_size, how.image_channels)
    return ImageDataset(
        images=images,
        labels=entry.labels if labels else None,
        class_names=_class_names(found, entry) if labels else None,
        name=found.name,
        split=found.split,
        fingerprint=key,
        skipped=entry.meta["skipped"],
        flip=flip,
        captions=entry.captions,
    )


def _entry(source: Source, how: Decoding, progress: bool) -> tuple[str, Entry, Decoding]:
    stats, index = stat_fingerprint(source), cache_root() / "index"
    content = content_hash(source, index, stats, progress)
    if not how.image_channels:
        known = key_of("channels", source.recipe, source.split, content)
        channels = remembered_channels(index, known, lambda: detect_channels(source, how.max_pixels))
        how = replace(how, image_channels=channels)
    # What came later counts only where it is used, so that what was decoded before is known by its name.
    default = Decoding(0, 0)
    later = {
        name: getattr(how, name)
        for name in ("fit", "crop_from", "max_level") + ("max_pixels",) * how.skip_bad
        if getattr(how, name) != getattr(default, name)
    }
    key = key_of(
        FORMAT_VERSION,
        source.recipe,
        source.split,
        content,
        how.image_size,
        how.image_channels,
        how.upscale,
        how.skip_bad,
        *([later] if later else []),
    )
    return key, cached_entry(key, partial(_build_unchanged, source, how, stats, progress), source.name), how


def _build_unchanged(source: Source, how: Decoding, stats: str, progress: bool, folder: Path) -> None:
    build_entry(folder, source, how, progress)
    if stat_fingerprint(source) != stats:
        raise ValueError(f"{source.name} changed while it was being read; open it again when nothing writes to it")


def _notes(source: Source, meta: dict[str, Any], how: Decoding) -> list[str]:
    """Lines on pictures that were left out, and on 16-bit pictures that use little of their range."""
    notes, bad = [], _skipped_here(source, meta)
    if bad:
        shown = " | ".join(bad[:_NAMES_IN_WARNING]) + (" | ..." if len(bad) > _NAMES_IN_WARNING else "")
        notes.append(f"{len(bad)} of {source.count} pictures of {source.name} were left out: {shown}")
    largest = meta.get("largest_level", 0)
    if how.max_level is None and 255 < largest < _DARK:
        bits = largest.bit_length()
        notes.append(
            f"{source.name} has 16 bits a level but none above {largest}, so the images are nearly black; "
            f"set max_level={(1 << bits) - 1} for {bits} bits"
        )
    if how.max_level is not None and largest > how.max_level:
        notes.append(f"{source.name} has levels up to {largest}; all above max_level={how.max_level} are white")
    return notes


def _skipped_here(source: Source, meta: dict[str, Any]) -> list[str]:
    """The lines of a cache entry on bad pictures; other data of the same content may have written them."""
    written, lines = str(meta.get("source", "")).removesuffix(f"@{source.split}"), meta["skipped_pictures"]
    return [line.replace(written, source.name, 1) if written and line.startswith(written) else line for line in lines]


def _class_names(source: Source, entry: Entry) -> tuple[str, ...]:
    """Those that the data give, which must be enough for the labels."""
    low, high, known = int(entry.labels.min()), int(entry.labels.max()), len(source.classes)
    if low < 0:
        missing = int((entry.labels < 0).sum())
        raise ValueError(f"{source.name} has {missing} pictures without a label; remove these or set labels=false")
    if high >= known:
        raise ValueError(
            f"{source.name} has the label {high}; labels must be in 0..{known - 1}: correct it or set labels=false"
        )
    if known > _MOST_CLASSES:
        raise ValueError(f"{source.name} has {known} different labels, more than {_MOST_CLASSES}; set labels=false")
    return source.classes
