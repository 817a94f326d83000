"""From what a user writes as DATA to a source: `digits`, a folder or zip file, parquet files or a Hub dataset, with
`@split`.
"""

from __future__ import annotations

import os
from pathlib import Path

from . import folder, hub, parquet
from .archive import archive_names, archive_source, is_archive
from .digits import digits_source, digits_splits
from .source import Source, canonical_split, choose_split

_ALLOWED = (
    "give digits, a folder or zip file of pictures, a directory of parquet files or a Hub dataset (owner/name or dataset:name), "
    "each with an optional @split"
)


def describe_sources() -> list[tuple[str, str]]:
    """(name, one line about it) for each kind of source."""
    return [
        (
            "digits",
            "1,797 handwritten digits of 8x8 pixels (10x10 with a margin), built in; splits train (1,500) and test (297), labels 0-9",
        ),
        (
            "FOLDER",
            "pictures in a folder, at any depth; sub-folders may be classes, splits (train, validation, test) or both",
        ),
        ("FILE.zip", "pictures in a zip file, laid out as in a folder; it is not unpacked"),
        ("PARQUET_DIR", "parquet files laid out as in a dataset repository of the Hub (train-00000-of-00001.parquet)"),
        (
            "pairs",
            "to translate: inputs= and targets= name two columns or two folders of these (A and B, input(s) and target(s) are found), "
            "or left and right for pictures side by side; inputs=blurred makes the inputs from any single pictures",
        ),
        (
            "HUB_ID",
            "a dataset of the Hub: owner/name, or dataset:name where it could be mistaken; fetched once, by the library datasets",
        ),
    ]


def available_splits(source: str | Path) -> list[str]:
    """Names of the splits of `source` (whose own `@split`, if any, is ignored): train, validation, test, then others.
    Nothing is decoded.

    Raises:
        FileNotFoundError, ValueError: as `open_dataset`, when there is nothing to read.
    """
    name, _ = separate_split(source)
    if _is_digits(source, name):
        return digits_splits()
    if hub.is_hub_name(name):
        return hub.hub_splits(name)
    if is_archive(archive := Path(name).expanduser()):
        return list(folder.group_by_split(_some_pictures(name, archive_names(archive))))
    names = folder.list_files(_directory(name))
    if tables := parquet.parquet_names(names):
        return list(parquet.group_by_split(tables))
    return list(folder.group_by_split(_some_pictures(name, names)))


def find_source(source: str | Path, split: str | None = None, column: str | None = None) -> Source:
    """The split of `source` that its `@split` or `split` names; `train` when neither does.

    A folder that holds parquet files is read as these, even when pictures lie beside them (a dataset repository's
    examples).

    column: the image column of parquet files or of a Hub dataset, where there are several.

    Raises:
        FileNotFoundError: nothing is there.
        ValueError: something else is there, or it lacks that split or column, or the two splits differ.
    """
    name, wanted = wanted_split(source, split)
    if _is_digits(source, name):
        return digits_source(wanted)
    if hub.is_hub_name(name):
        return hub.hub_source(name, wanted, column)
    if is_archive(archive := Path(name).expanduser()):
        return archive_source(name, archive, _some_pictures(name, archive_names(archive)), wanted)
    root = _directory(name)
    names = folder.list_files(root)
    if tables := parquet.parquet_names(names):
        return parquet.parquet_source(name, root, tables, wanted, column)
    return folder.folder_source(name, root, _some_pictures(name, names), wanted)


def wanted_split(source: str | Path, split: str | None) -> tuple[str, str]:
    """`source` without its `@split`, and that split, or `split`, or `train`; `ValueError` where the two differ."""
    name, suffix = separate_split(source)
    if suffix and split and canonical_split(suffix) != canonical_split(split):
        raise ValueError(f"{str(source)!r} names the split {suffix} but split={split}; give one of the two")
    return name, suffix or split or "train"


def loose_pictures(source: str | Path) -> tuple[Path, list[str]] | None:
    """The folder or zip file of `source`, and the pictures in all its splits by relative name; None for a source of
    another kind.

    Raises:
        FileNotFoundError, ValueError: as `open_dataset`, when there is nothing to read.
    """
    name, _ = separate_split(source)
    if _is_digits(source, name) or hub.is_hub_name(name):
        return None
    if is_archive(archive := Path(name).expanduser()):
        return archive, _some_pictures(name, archive_names(archive))
    names = folder.list_files(_directory(name))
    return None if parquet.parquet_names(names) else (_directory(name), _some_pictures(name, names))


def picture_paths(source: str | Path) -> list[str] | None:
    """The pictures of one split by their paths below its folder, in order; None for a source that is no folder or zip.

    Raises:
        FileNotFoundError, ValueError: as `open_dataset`, when there is nothing to read.
    """
    loose = loose_pictures(source)
    if loose is None:
        return None
    groups, below = folder.group_by_split(loose[1]), int(folder.has_split_folders(loose[1]))
    split = choose_split(*wanted_split(source, None), list(groups))
    return ["/".join(name.split("/")[below:]) for name in groups[split]]


def image_columns(source: str | Path, split: str | None = None) -> list[str]:
    """The image columns of parquet files or of a Hub dataset; none for a source of another kind. Raises as
    `find_source`.
    """
    name, wanted = wanted_split(source, split)
    if hub.is_hub_name(name):
        return hub.hub_image_columns(name, wanted)
    if _is_digits(source, name) or loose_pictures(source):
        return []
    root = _directory(name)
    groups = parquet.group_by_split(parquet.parquet_names(folder.list_files(root)))
    return parquet.image_columns(parquet.schema_of(root / groups[choose_split(name, wanted, list(groups))][0]))


def separate_split(source: str | Path) -> tuple[str, str | None]:
    """`name@split` as (name, split); an existing path that contains `@` is a name as a whole."""
    text = str(source)
    name, at, split = text.rpartition("@")
    if (
        not at
        or not name
        or not split
        or "/" in split
        or os.path.exists(os.path.expanduser(text.removeprefix(hub.PREFIX)))
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
    if hub.could_be_hub_name(name):
        owner = name.partition("/")[0]
        remedy = f"write dataset:{name} for a Hub dataset, or {_ALLOWED}"
        raise FileNotFoundError(f"there is no {name!r} in the folder {owner!r}; {remedy}")
    raise FileNotFoundError(f"there is nothing at {name!r}; {_ALLOWED}")


def _some_pictures(name: str, names: list[str]) -> list[str]:
    pictures = folder.picture_names(names)
    if not pictures:
        allowed = " ".join(extension[1:] for extension in folder.PICTURE_EXTENSIONS)
        raise ValueError(f"{name!r} holds no pictures ({allowed}) and no parquet files; {_ALLOWED}")
    return pictures
