"""`open_pairs` and `open_unpaired`: both sides of data to translate, found and decoded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .dataset import ImageDataset, decoded_dataset, require_parts
from .decode import LEAVE_OUT, BadPicture, check_numbers, decoding
from .degradations import Degradation
from .open_picture import MAX_PIXELS
from .sides import Wanted, find_sides
from .source import Fields, Source
from .translation import DegradedDataset, PairedDataset, UnpairedDataset


@dataclass(frozen=True)
class _Opening:
    """How both sides are decoded; arguments as of `open_dataset`."""

    flip: bool
    progress: bool
    upscale: bool
    fit: str
    random_crop: bool
    crop_from: int | None
    max_pixels: int
    max_level: int | None
    labels: bool = False

    def targets(self, source: Source, size: int, channels: int | None) -> ImageDataset:
        """With labels, where they are wanted; `ValueError` where there are none."""
        require_parts(source, self.labels, False)
        return self.open(source, size, channels, labels=self.labels)

    def open(
        self, source: Source, size: int, channels: int | None, shrink: int = 1, labels: bool = False
    ) -> ImageDataset:
        """shrink: how many times smaller than the targets the images are."""
        bound = self.crop_from and max(size, self.crop_from // shrink)
        shared = (self.fit, self.random_crop, bound, self.max_pixels, self.max_level)
        how = decoding(size, channels, self.upscale, False, *shared)
        try:
            return decoded_dataset(source, how, labels=labels, flip=self.flip, progress=self.progress)
        except BadPicture as error:
            raise ValueError(
                f"{error.fact}; {error.advice.removesuffix(LEAVE_OUT)}: of pairs no picture can be left out"
            ) from error


def open_pairs(
    source: str | Path,
    *,
    image_size: int,
    image_channels: int | None = None,
    input_size: int | None = None,
    input_channels: int | None = None,
    inputs: str | None = None,
    targets: str | None = None,
    image_column: str | None = None,
    labels: bool = False,
    label_column: str | None = None,
    split: str | None = None,
    flip: bool = False,
    upscale: bool = False,
    fit: str = "crop",
    random_crop: bool = False,
    crop_from: int | None = None,
    max_pixels: int = MAX_PIXELS,
    max_level: int | None = None,
    progress: bool = True,
) -> PairedDataset | DegradedDataset:
    """Open a set of pairs, decoding both sides first unless their contents were decoded the same way before.

    The sides are two image columns of parquet files or of a Hub dataset; two folders (also in a zip file) whose
    pictures pair by their path without the extension, each with its splits below (`A/train`), both below the splits
    (`train/A`) or in one word (`trainA`); the halves of pictures twice as wide as high; two sources of their own that
    are folders or zip files; or any single pictures as targets with inputs that are made from them by degradations. No
    picture can be left out.

    Args:
        source: as of `open_dataset`.
        image_size, input_size: height and width in pixels, of the targets and of the inputs; None takes those of the
            targets. Degraded inputs have the size that the degradation gives.
        image_channels, input_channels: 1 or 3, of the targets and of the inputs; None takes what the data have.
        inputs, targets: names of columns or folders, or two sources; or `left` and `right` either way; or as inputs a
            degradation (`downscale:4+noise:10`, `mask:strokes`, `blurred`; see `parse_degradation`), where targets may
            name the column that holds the pictures. None finds `inputs` and `targets`, `input` and `target`, `A` and
            `B` or halves; `digits` are blurred.
        image_column: the column that holds the pictures, where inputs are made from them.
        labels, label_column: as of `open_dataset`, of the targets.
        split: the split, where `source` does not name it; `train` by default.
        flip: whether the pairs, mirrored alike, follow the originals (twice the length, no randomness).
        upscale: whether pictures smaller than `image_size` are enlarged; otherwise they are bad pictures.
        fit, random_crop, crop_from, max_pixels, max_level, progress: as of `open_dataset`; a pair is cropped alike.

    Raises:
        FileNotFoundError: nothing is at `source`.
        ValueError: anything else that is wrong, in one line: among others a picture that cannot be used or is alone,
            and names that are not there or, where none are given, do not say what is to become what.
    """
    _check(image_size, image_channels, input_size, input_channels)
    wanted = Wanted(source, split, inputs, targets, Fields(image_column, label_column))
    opening = _Opening(flip, progress, upscale, fit, random_crop, crop_from, max_pixels, max_level, labels)
    given, found = find_sides(wanted)
    size = input_size or image_size
    opened = opening.targets(found, image_size, image_channels)
    if isinstance(given, Degradation):
        return _degraded(opened, given, input_size, input_channels)
    return PairedDataset(opened, opening.open(given, size, input_channels, image_size // size))


def open_unpaired(
    source: str | Path,
    *,
    image_size: int,
    image_channels: int | None = None,
    input_size: int | None = None,
    input_channels: int | None = None,
    inputs: str | None = None,
    targets: str | None = None,
    image_column: str | None = None,
    labels: bool = False,
    label_column: str | None = None,
    split: str | None = None,
    flip: bool = False,
    upscale: bool = False,
    fit: str = "crop",
    random_crop: bool = False,
    crop_from: int | None = None,
    max_pixels: int = MAX_PIXELS,
    max_level: int | None = None,
    progress: bool = True,
) -> UnpairedDataset:
    """Open two sets of any lengths, of which no item belongs to one of the other.

    The sides are found as by `open_pairs`, but nothing needs a counterpart: two folders, columns or halves, `trainA`
    and `trainB`, two sources of any kind, or single pictures as targets and, sampled apart from them, as the inputs
    that a degradation makes of them.

    Arguments and errors as of `open_pairs`.
    """
    _check(image_size, image_channels, input_size, input_channels)
    wanted = Wanted(source, split, inputs, targets, Fields(image_column, label_column), paired=False)
    opening = _Opening(flip, progress, upscale, fit, random_crop, crop_from, max_pixels, max_level, labels)
    given, found = find_sides(wanted)
    size = input_size or image_size
    opened = opening.targets(found, image_size, image_channels)
    if isinstance(given, Degradation):
        return UnpairedDataset(opened, _degraded(opened, given, input_size, input_channels))
    return UnpairedDataset(opened, opening.open(given, size, input_channels, image_size // size))


def _check(image_size: int, image_channels: int | None, input_size: int | None, input_channels: int | None) -> None:
    check_numbers(image_size, image_channels)
    check_numbers(image_size if input_size is None else input_size, input_channels, "input_channels")


def _degraded(
    opened: ImageDataset, degradation: Degradation, input_size: int | None, input_channels: int | None
) -> DegradedDataset:
    found = DegradedDataset(opened, degradation)
    for name, given, made in (
        ("input_channels", input_channels, found.input_channels),
        ("input_size", input_size, found.input_size),
    ):
        if given not in (None, made):
            remedy = f"make {made} of {'channels' if name == 'input_channels' else 'pixels a side'}"
            raise ValueError(
                f"{name}={given} is not possible with inputs={degradation.text}, which {remedy}; use {name}={made} or "
                "leave it out"
            )
    return found
