"""From what a user writes as DATA to a source: `digits`, a folder, a file, or a Hub dataset, with `@split`."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from . import arrays, digits, folder, hub_datasets, parquet
from .containers import Listing, is_tar, is_zip, list_folder, list_tars, list_zip
from .source import ALL_FIELDS, Fields, Source, canonical_split, choose_split

_ALLOWED = (
    "give digits, a folder, zip or tar file of pictures, a directory of parquet files, arrays (.npz, .npy, idx) or a "
    "Hub dataset (owner/name or dataset:name), each with an optional @split"
)


def describe_sources() -> list[tuple[str, str]]:
    """(name, one line about it) for each kind of source."""
    return [
        (
            "digits",
            "1,797 handwritten digits of 8x8 pixels (10x10 with a margin), built in; splits train (1,500) and test "
            "(297), labels 0-9",
        ),
        (
            "FOLDER",
            "pictures (DICOM too, with the extra medical) in a folder, at any depth; sub-folders may be classes, "
            "splits (train, validation, test) or both; "
            "metadata.csv or .jsonl (file_name, label, text), dataset.json and .txt captions are read",
        ),
        ("FILE.zip", "pictures in a zip or tar file (also webdataset), laid out as in a folder; it is not unpacked"),
        (
            "PARQUET_DIR",
            "parquet files laid out as in a dataset repository of the Hub (train-00000-of-00001.parquet), or a dataset "
            "that was saved to disk",
        ),
        ("ARRAYS", "arrays of NumPy (.npz with images and labels, .npy) or a folder of idx files, as MNIST's"),
        (
            "pairs",
            "to translate: inputs= and targets= name two columns, folders or sources of these (A and B, trainA and "
            "trainB, input(s) and target(s) are found), or left and right for pictures side by side; "
            "inputs=downscale:4+noise:10, haze, mask:strokes, blurred and so on make the inputs from single pictures",
        ),
        (
            "HUB_ID",
            "a dataset of the Hub: owner/name, or dataset:name where it could be mistaken; fetched once, by the "
            "library datasets",
        ),
    ]


@dataclass(frozen=True)
class _Found:
    """A source whose kind is known.

    Args:
        splits: names of its splits.
        source: one split, given its name and the fields to read.
        columns: image columns of a split.
        listing: the files, where it is loose pictures.
    """

    splits: Callable[[], list[str]]
    source: Callable[[str, Fields], Source]
    columns: Callable[[str], list[str]] | None = None
    listing: Listing | None = None


def _find(source: str | Path) -> _Found:
    name, _ = separate_split(source)
    if _is_digits(source, name):
        return _Found(digits.digits_splits, _plain(name, digits.digits_source))
    if hub_datasets.is_hub_name(name):
        columns = partial(hub_datasets.hub_image_columns, name)
        return _Found(partial(hub_datasets.hub_splits, name), partial(hub_datasets.hub_source, name), columns)
    path = Path(name).expanduser()
    if is_zip(path):
        return _loose(name, list_zip(path))
    if is_tar(path):
        return _loose(name, list_tars(path, [path]))
    if arrays.is_array_file(path):
        splits = partial(arrays.array_splits, name, path)
        return _Found(splits, _plain(name, partial(arrays.array_source, name, path)))
    return _find_folder(name, _directory(name))


def _find_folder(name: str, root: Path) -> _Found:
    listing = list_folder(root)
    names = listing.names
    if hub_datasets.is_saved_to_disk(names):
        splits, columns = (
            partial(each, name, root) for each in (hub_datasets.disk_splits, hub_datasets.disk_image_columns)
        )
        return _Found(splits, partial(hub_datasets.disk_source, name, root), columns)
    if tables := parquet.parquet_names(names):
        groups = parquet.group_by_split(tables)

        def columns(split: str) -> list[str]:
            return parquet.image_columns(parquet.schema_of(root / groups[choose_split(name, split, list(groups))][0]))

        return _Found(lambda: list(groups), partial(parquet.parquet_source, name, root, tables), columns)
    if arrays.is_idx(names):
        splits = partial(arrays.idx_splits, name, root, names)
        return _Found(splits, _plain(name, partial(arrays.idx_source, name, root, names)))
    tars = [each for each in names if each.lower().endswith(".tar")]
    if tars and not folder.picture_names(names):
        return _tars(name, root, parquet.group_by_split(tars))
    return _loose(name, listing)


def _plain(name: str, source: Callable[[str], Source]) -> Callable[[str, Fields], Source]:
    """For sources without columns."""

    def find(split: str, fields: Fields) -> Source:
        if named := [each for each in (fields.image, fields.label, fields.text) if each]:
            raise ValueError(f"{name} has no columns, so there is no {named[0]!r}; leave it out")
        return source(split)

    return find


def _loose(name: str, listing: Listing) -> _Found:
    pictures = folder.picture_names(listing.names)
    if not pictures:
        raise ValueError(
            f"{name!r} holds no pictures (jpg, png, webp, gif, tiff, ...) and no parquet files; {_ALLOWED}"
        )
    splits = partial(folder.group_by_split, pictures)
    return _Found(lambda: list(splits()), partial(folder.folder_source, name, listing), listing=listing)


def _tars(name: str, root: Path, groups: dict[str, list[str]]) -> _Found:
    """Tar files in shards, as webdataset has them."""

    def source(split: str, fields: Fields) -> Source:
        wanted = choose_split(name, split, list(groups))
        listing = list_tars(root, [root / each for each in groups[wanted]])
        found = folder.folder_source(name, listing, "train", fields)
        return replace(found, split=wanted)

    return _Found(lambda: list(groups), source)


def available_splits(source: str | Path) -> list[str]:
    """Names of the splits of `source` (whose own `@split`, if any, is ignored): train, validation, test, then others.
    Nothing is decoded.

    Raises:
        FileNotFoundError, ValueError: as `open_dataset`, when there is nothing to read.
    """
    return _find(source).splits()


def find_source(source: str | Path, split: str | None = None, fields: Fields = ALL_FIELDS) -> Source:
    """The split of `source` that its `@split` or `split` names; `train` when neither does.

    A folder that holds parquet files is read as these, even when pictures lie beside them (a dataset repository's
    examples).

    fields: which columns are read, and whether captions are.

    Raises:
        FileNotFoundError: nothing is there.
        ValueError: something else is there, or it lacks that split or column, or the two splits differ.
    """
    _, wanted = wanted_split(source, split)
    return _find(source).source(wanted, fields)


def is_source(text: str) -> bool:
    """Whether something lies at `text`, which may have an `@split`, or it is the name of a Hub dataset or `digits`."""
    name, _ = separate_split(text)
    return name == "digits" or os.path.exists(os.path.expanduser(name)) or hub_datasets.is_hub_name(name)


def wanted_split(source: str | Path, split: str | None) -> tuple[str, str]:
    """`source` without its `@split`, and that split, or `split`, or `train`; `ValueError` where the two differ."""
    name, suffix = separate_split(source)
    if suffix and split and canonical_split(suffix) != canonical_split(split):
        raise ValueError(f"{str(source)!r} names the split {suffix} but split={split}; give one of the two")
    return name, suffix or split or "train"


def loose_pictures(source: str | Path) -> Listing | None:
    """The files of a folder, zip or tar file of pictures; None for a source of another kind.

    Raises:
        FileNotFoundError, ValueError: as `open_dataset`, when there is nothing to read.
    """
    return _find(source).listing


def picture_paths(source: str | Path) -> list[str] | None:
    """The pictures of one split by their paths below its folder, in order; None for a source that is no folder, zip or
    tar file.

    Raises:
        FileNotFoundError, ValueError: as `open_dataset`, when there is nothing to read.
    """
    listing = loose_pictures(source)
    if listing is None:
        return None
    pictures = folder.picture_names(listing.names)
    groups, below = folder.group_by_split(pictures), int(folder.has_split_folders(pictures))
    split = choose_split(*wanted_split(source, None), list(groups))
    return ["/".join(name.split("/")[below:]) for name in groups[split]]


def image_columns(source: str | Path, split: str | None = None) -> list[str]:
    """The image columns of parquet files or of a Hub dataset; none for a source of another kind. Raises as
    `find_source`.
    """
    columns = _find(source).columns
    return columns(wanted_split(source, split)[1]) if columns else []


def separate_split(source: str | Path) -> tuple[str, str | None]:
    """`name@split` as (name, split); an existing path that contains `@` is a name as a whole."""
    text = str(source)
    name, at, split = text.rpartition("@")
    if (
        not at
        or not name
        or not split
        or "/" in split
        or os.path.exists(os.path.expanduser(text.removeprefix(hub_datasets.PREFIX)))
    ):
        return text, None
    return name, split


def _is_digits(source: str | Path, name: str) -> bool:
    # `./digits` is a folder; as a Path it has lost its `./`, so an existing folder that is given as a Path wins.
    return name == "digits" and not (isinstance(source, Path) and source.exists())


def _directory(name: str) -> Path:
    path = Path(name).expanduser()
    if name and os.path.isdir(path):  # unlike pathlib's, false for a name that is too long
        return path
    if name and os.path.exists(path):
        raise ValueError(f"{name!r} is a file; {_ALLOWED}")
    if hub_datasets.could_be_hub_name(name):
        owner = name.partition("/")[0]
        remedy = f"write dataset:{name} for a Hub dataset, or {_ALLOWED}"
        raise FileNotFoundError(f"there is no {name!r} in the folder {owner!r}; {remedy}")
    raise FileNotFoundError(f"there is nothing at {name!r}; {_ALLOWED}")
