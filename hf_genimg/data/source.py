"""What every kind of source is reduced to: an ordered run of undecoded pictures, and the names of its splits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

_SPLIT_NAMES = {
    "train": "train",
    "test": "test",
    "validation": "validation",
    "val": "validation",
    "valid": "validation",
}
_SPLIT_ORDER = ("train", "validation", "test")


@dataclass(frozen=True)
class Picture:
    """One picture that is not decoded yet.

    Args:
        name: how messages call it: a path, or `file.parquet row 17` (rows count from 0).
        content: a file, the encoded bytes, uint8 or uint16 levels [H, W] or uint8 [H, W, C], or a mode "F" image of
            levels in [0, 255] that may be resized to any size. None where the data have a row without a picture.
        label: the class number, or None.
        half: `left` or `right` where only this half of a picture twice as wide as high is meant; otherwise empty.
        captions: its captions, where they are wanted.
        problem: why its content cannot be had, if it cannot.
    """

    name: str
    content: Path | bytes | np.ndarray | Image.Image | None
    label: int | None = None
    half: str = ""
    captions: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Fields:
    """Which parts of the data are read.

    Args:
        image: the column of pictures in tables; None where there is one, or one of a usual name.
        label: the column of classes; None looks for `label` or `labels`.
        text: the column of captions; None looks for the usual names where `captions` are wanted.
        captions: whether captions are wanted.
    """

    image: str | None = None
    label: str | None = None
    text: str | None = None
    captions: bool = False


ALL_FIELDS = Fields()


@dataclass(frozen=True)
class Source:
    """One split of one source, found but not decoded.

    Args:
        name: the source as it was given, without its split.
        split: canonical name of the split.
        count: number of pictures, bad ones included.
        labelled: whether the pictures have labels.
        classes: class names in the order of the labels, or None when the data do not name them.
        recipe: everything besides the files that decides what `pictures` yields.
        files: (relative name, path) of each file that is read, in order.
        pictures: yields `count` pictures, in the same order each time.
        captioned: whether the pictures have captions, which are read only where they are wanted.
        notes: what a user should know of how the source was read, a line each.
        label_note: the same of its labels, for those who want them; empty where there is nothing to say.
    """

    name: str
    split: str
    count: int
    labelled: bool
    classes: tuple[str, ...] | None
    recipe: str
    files: tuple[tuple[str, Path], ...]
    pictures: Callable[[], Iterator[Picture]]
    captioned: bool = False
    notes: tuple[str, ...] = ()
    label_note: str = ""


def known_split(name: str) -> str | None:
    """The canonical split called `name` in any case (`val` and `valid` are `validation`), or None if it is no usual
    one.
    """
    return _SPLIT_NAMES.get(name.lower())


def canonical_split(name: str) -> str:
    """`known_split`, with an unusual name (`extra`) returned as it is."""
    return known_split(name) or name


def in_order(splits: Iterable[str]) -> list[str]:
    """Each split once: train, validation, test, then the unusual ones by name."""
    unique = set(splits)
    return [name for name in _SPLIT_ORDER if name in unique] + sorted(unique.difference(_SPLIT_ORDER))


def choose_split(name: str, split: str, splits: list[str]) -> str:
    """`split` under its canonical name.

    Raises:
        ValueError: when it is not among `splits`.
    """
    wanted = canonical_split(split)
    if wanted not in splits:
        raise ValueError(f"{name} has no split {split!r}; it has {', '.join(splits)}: write {name}@{splits[0]}")
    return wanted


def natural_order(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """A key that sorts names as a person would where they hold numbers: `2` before `10`."""
    parts = re.split(r"([0-9]+)", name)
    return [(0, int(part), "") if part.isdigit() and part.isascii() else (1, 0, part) for part in parts], name
