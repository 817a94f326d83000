"""A dataset repository, on the Hub or as a directory, read through the library `datasets`, which keeps it as Arrow
tables.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .labels import ClassNumbers
from .parquet import Columns, cells_of, columns_in, facts_of, image_columns, numbers_of
from .source import ALL_FIELDS, Fields, Picture, Source, canonical_split, choose_split, in_order

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset, DatasetBuilder

PREFIX = "dataset:"
_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_ROWS_AT_A_TIME = 32  # few, because each may be a photograph of several megabytes
_LONGEST_REASON = 200
_INSTEAD = "or download it and give a folder of pictures or of parquet files"


def is_hub_name(name: str) -> bool:
    """Whether `name` is read here: it says `dataset:`, or it is `owner/name` where nothing lies and no folder is called
    `owner`.
    """
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


def hub_source(name: str, split: str, fields: Fields = ALL_FIELDS) -> Source:
    """One split of the dataset `name` (`owner/name`, `dataset:name` or `dataset:DIRECTORY`), fetched first unless it
    was before.

    Raises:
        FileNotFoundError: it does not exist, cannot be reached, or may not be read.
        ValueError: no such split, no column of a name that `fields` gives, no image column or several, no rows, or
            nothing that `datasets` reads without running the dataset's code.
    """
    return _source(name, *_prepared(name, split), fields)


def _source(name: str, split: str, datasets: Mapping[str, Dataset], fields: Fields) -> Source:
    dataset = datasets[split]
    columns = columns_in(name, dataset.data.schema, fields)
    labels = (
        each.data.table[columns.label].unique().to_pylist()
        for each in datasets.values()
        if columns.label in each.data.schema.names
    )
    coded = numbers_of(columns, labels)
    table = dataset.data.table.select(columns.read)
    if not table.num_rows:
        raise ValueError(f"{name} has no rows in its split {split}; name another @split")
    pictures = partial(_pictures, f"{name}@{split}", table, columns, coded)
    outside = _outside(table[columns.image])
    tables = [Path(file["filename"]) for file in dataset.cache_files]
    return Source(
        name=name,
        split=split,
        count=table.num_rows,
        files=tuple(
            (str(number), path) for number, path in enumerate(outside or tables)
        ),  # no name is one of this machine
        pictures=pictures,
        **facts_of(name, "hub", columns, coded, _inside(pictures()) if outside else ""),
    )


def is_saved_to_disk(names: Iterable[str]) -> bool:
    """Whether the files of a folder are those that `Dataset.save_to_disk` or `DatasetDict.save_to_disk` writes."""
    names = set(names)
    return {"state.json", "dataset_info.json"} <= names or "dataset_dict.json" in names


def disk_splits(name: str, root: Path) -> list[str]:
    """Names of the splits of a dataset that was saved to disk. Raises `ValueError` where it cannot be read."""
    return in_order(_saved(name, root))


def disk_source(name: str, root: Path, split: str, fields: Fields = ALL_FIELDS) -> Source:
    """One split of a dataset that `datasets` saved to disk; of a single one, `train`.

    Raises:
        ValueError: as `hub_source`.
    """
    datasets = _saved(name, root)
    return _source(name, choose_split(name, split, in_order(datasets)), datasets, fields)


def disk_image_columns(name: str, root: Path, split: str) -> list[str]:
    """The image columns of one split of a dataset that was saved to disk."""
    datasets = _saved(name, root)
    return image_columns(datasets[choose_split(name, split, in_order(datasets))].data.schema)


def _saved(name: str, root: Path) -> dict[str, Dataset]:
    from datasets import DatasetDict, load_from_disk

    with _one_line(name):
        found = load_from_disk(str(root))
    if isinstance(found, DatasetDict):
        return {canonical_split(str(split)): dataset for split, dataset in found.items()}
    return {"train": found}


def hub_image_columns(name: str, split: str) -> list[str]:
    """The image columns of one split of the dataset `name`, fetched first as by `hub_source`; it raises what that
    raises.
    """
    split, datasets = _prepared(name, split)
    return image_columns(datasets[split].data.schema)


def _prepared(name: str, split: str) -> tuple[str, dict[str, Dataset]]:
    """The split under its canonical name, and what is in all of them."""
    with _one_line(name):
        builder = _builder(name)
        splits = _splits(builder)
    split = choose_split(name, split, in_order(splits))
    with _one_line(name):
        _prepare(name, builder)
        return split, {own: builder.as_dataset(theirs) for own, theirs in splits.items()}


def _address(name: str) -> str:
    """What `datasets` calls it: an id where `dataset:` says so, even where a folder has that name; otherwise an
    absolute path.
    """
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


def _outside(column: pa.ChunkedArray) -> list[Path]:
    """The pictures that a table only names, as it does those of a folder."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_struct(column.type) or column.type.get_field_index("path") < 0:
        return []
    absent = pc.struct_field(column, "bytes").is_null()
    return [Path(path) for path in pc.struct_field(column, "path").filter(absent).drop_null().to_pylist()]


def _inside(pictures: Iterator[Picture]) -> str:
    """Hash of what a table that names pictures holds besides their paths, which are of one machine."""
    hasher = hashlib.sha256()
    for picture in pictures:
        held = isinstance(picture.content, bytes)
        content = picture.content if held else b""
        hasher.update(f"{picture.label} {held} {len(content)} ".encode() + content)
    return hasher.hexdigest()


def _pictures(name: str, table: pa.Table, columns: Columns, coded: ClassNumbers | None) -> Iterator[Picture]:
    row = 0
    for batch in table.to_batches(max_chunksize=_ROWS_AT_A_TIME):
        for content, label, captions in cells_of(batch, columns, coded):
            shown = str(content) if isinstance(content, Path) else f"{name} row {row}"
            yield Picture(shown, content, label, captions=captions)
            row += 1


@contextmanager
def _one_line(name: str) -> Iterator[None]:
    """Let `datasets` work without its bars and logging, and say in one line of ours what it could not do."""
    import datasets

    verbosity, bars = datasets.logging.get_verbosity(), datasets.are_progress_bars_disabled()
    datasets.logging.set_verbosity_error()
    datasets.disable_progress_bars()
    try:
        yield
    except (
        Exception
    ) as error:  # of `datasets`, the Hub's client, the network, or readers of foreign files: of no common kind
        raise _refusal(name, error) from error
    finally:
        datasets.logging.set_verbosity(verbosity)
        if not bars:
            datasets.enable_progress_bars()


def _refusal(name: str, error: Exception) -> Exception:
    from datasets.exceptions import DatasetGenerationError, DatasetNotFoundError

    cause = error.__cause__ if isinstance(error, DatasetGenerationError) and error.__cause__ else error
    reason = " ".join(str(cause).split()).rstrip(".")[:_LONGEST_REASON] or type(cause).__name__
    status = getattr(getattr(error, "response", None), "status_code", 0)
    if isinstance(error, DatasetNotFoundError) or status in (401, 403, 404):
        remedy = (
            "check the name; where it is gated or private, ask for access on its page and log in with "
            f"`hf auth login`, {_INSTEAD}"
        )
        return FileNotFoundError(f"{name} cannot be read ({reason}); {remedy}")
    if isinstance(error, ConnectionError) or type(error).__module__.startswith("httpx") or status:
        offline = "unset HF_HUB_OFFLINE" if "Offline" in reason else "try again with a connection"
        return FileNotFoundError(
            f"{name} is not on this machine and cannot be fetched ({reason}); {offline}, {_INSTEAD}"
        )
    if "scripts are no longer supported" in reason:
        return ValueError(
            f"{name} comes as a program, which is never run; look for a version in parquet files, {_INSTEAD}"
        )
    if reason.startswith("Config name is missing"):
        return ValueError(
            f"{name} has several configurations ({_choices(reason)}) and none can be named here; {_INSTEAD[3:]} of one"
        )
    kind = FileNotFoundError if isinstance(error, FileNotFoundError) else ValueError
    return kind(f"{name} cannot be read by the library `datasets` ({reason}); correct it, {_INSTEAD}")


def _choices(reason: str) -> str:
    found = re.search(r"\[(.*?)(\]|$)", reason)
    return found[1].replace("'", "") if found else "unnamed"
