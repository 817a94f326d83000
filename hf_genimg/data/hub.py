"""A dataset repository, on the Hub or as a directory, read through the library `datasets`, which keeps it as Arrow tables."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .parquet import Columns, columns_in
from .source import Picture, Source, canonical_split, choose_split, in_order

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import DatasetBuilder

PREFIX = "dataset:"
_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_ROWS_AT_A_TIME = 32  # few, because each may be a photograph of several megabytes
_LONGEST_REASON = 200
_INSTEAD = "or download it and give a folder of pictures or of parquet files"


def is_hub_name(name: str) -> bool:
    """Whether `name` is read here: it says `dataset:`, or it is `owner/name` where nothing lies and no folder is called `owner`."""
    if name.startswith(PREFIX):
        return True
    owner, slash, _ = name.partition("/")
    return bool(slash and _ID.fullmatch(name)) and not os.path.exists(name) and not os.path.isdir(owner)


def could_be_hub_name(name: str) -> bool:
    """Whether `name` has the form `owner/name`."""
    return "/" in name and _ID.fullmatch(name) is not None


def hub_splits(name: str) -> list[str]:
    """Names of the splits of the dataset `name`: train, validation, test, then others. No picture is fetched.

    Raises:
        FileNotFoundError, ValueError: as `hub_source`.
    """
    with _one_line(name):
        return in_order(_splits(_builder(name)))


def hub_source(name: str, split: str) -> Source:
    """One split of the dataset `name` (`owner/name`, `dataset:name` or `dataset:DIRECTORY`), fetched first unless it was before.

    Raises:
        FileNotFoundError: it does not exist, cannot be reached, or may not be read.
        ValueError: no such split, no image column or several, no rows, or nothing that `datasets` reads without running its code.
    """
    with _one_line(name):
        builder = _builder(name)
        splits = _splits(builder)
    split = choose_split(name, split, in_order(splits))
    with _one_line(name):
        _prepare(name, builder)
        dataset = builder.as_dataset(splits[split])
    columns = columns_in(name, dataset.data.schema)
    table = dataset.data.table.select([columns.image] + ([columns.label] if columns.label else []))
    if not table.num_rows:
        raise ValueError(f"{name} has no rows in its split {split}; name another @split")
    pictures = partial(_pictures, f"{name}@{split}", table, columns)
    files, rest = _files([Path(file["filename"]) for file in dataset.cache_files], pictures)
    return Source(
        name=name,
        split=split,
        count=table.num_rows,
        labelled=columns.label is not None,
        classes=columns.classes,
        recipe=f"hub {columns} {rest}",
        files=files,
        pictures=pictures,
    )


def _address(name: str) -> str:
    """What `datasets` calls it: an id where `dataset:` says so, even where a folder has that name; otherwise an absolute path."""
    text = name.removeprefix(PREFIX)
    return f"hf://datasets/{text}" if _ID.fullmatch(text) else os.path.abspath(os.path.expanduser(text))


def _builder(name: str) -> DatasetBuilder:
    from datasets import load_dataset_builder

    return load_dataset_builder(_address(name))


def _splits(builder: DatasetBuilder) -> dict[str, str]:
    """The name that `datasets` has for each split, by its canonical name."""
    return {canonical_split(str(split)): str(split) for split in builder.info.splits or builder.config.data_files or ()}


def _prepare(name: str, builder: DatasetBuilder) -> None:
    """Fetch every file and write the tables, unless they are there."""
    if not os.path.isdir(builder.cache_dir):
        print(f"fetching {name}, once; it is kept in {builder.cache_dir}", file=sys.stderr)
    builder.download_and_prepare()


def _files(tables: list[Path], pictures: Any) -> tuple[tuple[tuple[str, Path], ...], str]:
    """The files that hold the pictures, and a hash of what else decides them; no path of this machine is part of either.

    Where a table only names its pictures, it holds paths, so it is hashed without these.
    """
    outside: list[Path] = []
    rest = hashlib.sha256()
    for picture in pictures():
        if isinstance(picture.content, bytes) and not outside and picture.row == 0:
            break
    return tuple((str(number), path) for number, path in enumerate(outside or tables)), rest.hexdigest() if outside else ""
