"""From what a user writes as DATA to a source: `digits`, a folder or zip file of pictures, or parquet files, with `@split`."""

from __future__ import annotations

import os
import re
from pathlib import Path

from . import folder, parquet
from .archive import archive_names, archive_source, is_archive
from .digits import digits_source, digits_splits
from .source import Source, canonical_split

_ALLOWED = "give digits, a folder or zip file of pictures or a directory of parquet files, each with an optional @split"
_NOT_READ = "Hub datasets are not read by this version; download it, then " + _ALLOWED
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def describe_sources() -> list[tuple[str, str]]:
    """(name, one line about it) for each kind of source."""
    return [
        (
            "digits",
            "1,797 handwritten digits of 8x8 pixels (10x10 with a margin), built in; splits train (1,500) and test (297), labels 0-9",
        ),
        ("FOLDER", "pictures in a folder, at any depth; sub-folders may be classes, splits (train, validation, test) or both"),
        ("FILE.zip", "pictures in a zip file, laid out as in a folder; it is not unpacked"),
        ("PARQUET_DIR", "parquet files laid out as in a dataset repository of the Hub (train-00000-of-00001.parquet)"),
    ]


def available_splits(source: str | Path) -> list[str]:
    """Names of the splits of `source` (whose own `@split`, if any, is ignored): train, validation, test, then others. Nothing is decoded.

    Raises:
        FileNotFoundError, ValueError: as `open_dataset`, when there is nothing to read.
    """
    name, _ = separate_split(source)
    if _is_digits(source, name):
        return digits_splits()
    if is_archive(archive := Path(name).expanduser()):
        return list(folder.group_by_split(_some_pictures(name, archive_names(archive))))
    names = folder.list_files(_directory(name))
    if tables := parquet.parquet_names(names):
        return list(parquet.group_by_split(tables))
    return list(folder.group_by_split(_some_pictures(name, names)))


def find_source(source: str | Path, split: str | None = None) -> Source:
    """The split of `source` that its `@split` or `split` names; `train` when neither does.

    A folder that holds parquet files is read as these, even when pictures lie beside them (a dataset repository's examples).

    Raises:
        FileNotFoundError: nothing is there.
        ValueError: something else is there, or it lacks that split, or the two splits differ.
    """
    name, suffix = separate_split(source)
    if suffix and split and canonical_split(suffix) != canonical_split(split):
        raise ValueError(f"{str(source)!r} names the split {suffix} but split={split}; give one of the two")
    wanted = suffix or split or "train"
    if _is_digits(source, name):
        return digits_source(wanted)
    if is_archive(archive := Path(name).expanduser()):
        return archive_source(name, archive, _some_pictures(name, archive_names(archive)), wanted)
    root = _directory(name)
    names = folder.list_files(root)
    if tables := parquet.parquet_names(names):
        return parquet.parquet_source(name, root, tables, wanted)
    return folder.folder_source(name, root, _some_pictures(name, names), wanted)


def separate_split(source: str | Path) -> tuple[str, str | None]:
    """`name@split` as (name, split); an existing path that contains `@` is a name as a whole."""
    text = str(source)
    name, at, split = text.rpartition("@")
    if not at or not name or not split or "/" in split or os.path.exists(os.path.expanduser(text)):
        return text, None
    return name, split


def _is_digits(source: str | Path, name: str) -> bool:
    # `./digits` is a folder; as a Path it has lost its `./`, so an existing folder that is given as a Path wins.
    return name == "digits" and not (isinstance(source, Path) and source.exists())


def _directory(name: str) -> Path:
    path = Path(name).expanduser()
    if name and os.path.isdir(path):  # unlike pathlib's, false for a name that is too long
        return path
    if name.startswith("dataset:"):
        raise ValueError(f"{name!r}: {_NOT_READ}")
    if name and os.path.exists(path):
        raise ValueError(f"{name!r} is a file; {_ALLOWED}")
    if _HUB_ID.fullmatch(name):
        raise FileNotFoundError(f"there is no folder {name!r}; {_NOT_READ}")
    raise FileNotFoundError(f"there is nothing at {name!r}; {_ALLOWED}")


def _some_pictures(name: str, names: list[str]) -> list[str]:
    pictures = folder.picture_names(names)
    if not pictures:
        allowed = " ".join(extension[1:] for extension in folder.PICTURE_EXTENSIONS)
        raise ValueError(f"{name!r} holds no pictures ({allowed}) and no parquet files; {_ALLOWED}")
    return pictures
