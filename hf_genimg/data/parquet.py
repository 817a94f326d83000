"""A directory of parquet files in the layout of a dataset repository on the Hub."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .source import Picture, Source, choose_split, in_order, known_split

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

_SHARD = re.compile(r"-\d+-of-\d+(-[0-9a-f]+)?$")
_ROWS_AT_A_TIME = 32  # few, because each may be a photograph of several megabytes


@dataclass(frozen=True)
class Columns:
    """Which columns are read: `image`, its bytes at the dotted path `encoded`, and `label` with its class names, if
    any.
    """

    image: str
    encoded: str
    label: str | None
    classes: tuple[str, ...] | None


def parquet_names(names: Sequence[str]) -> list[str]:
    """Those of `names` that are parquet files of data (`metadata.parquet` only describes the pictures of a folder)."""
    return [
        name for name in names if name.lower().endswith(".parquet") and Path(name).name.lower() != "metadata.parquet"
    ]


def group_by_split(names: Sequence[str]) -> dict[str, list[str]]:
    """The parquet files of each split, in split order: `train-00000-of-00001.parquet`, `data/test.parquet`,
    `default/train/0000.parquet`.

    A name that holds no usual split is a split of its own beside files that do (`extra-00000-of-00001.parquet`),
    otherwise `train`.
    """
    found = {name: _split_in(name) for name in names}
    if not any(found.values()):
        return {"train": list(names)}
    groups: dict[str, list[str]] = {}
    for name, split in found.items():
        groups.setdefault(split or _SHARD.sub("", Path(name).stem), []).append(name)
    return {split: groups[split] for split in in_order(groups)}


def _split_in(name: str) -> str | None:
    words = [
        word
        for part in reversed(Path(name).with_suffix("").parts)
        for word in re.split(r"[^0-9A-Za-z]+", _SHARD.sub("", part))
    ]
    return next((split for split in map(known_split, words) if split), None)


def parquet_source(name: str, root: Path, names: Sequence[str], split: str, column: str | None = None) -> Source:
    """One split of the parquet files `names` (relative, sorted) below `root`; only their footers are read here.

    column: the image column, where there are several.

    Raises:
        ValueError: no such split, a file that is not parquet, no image column (of that name) or several, or no rows.
    """
    groups = group_by_split(names)
    split = choose_split(name, split, list(groups))
    files = tuple((member, root / member) for member in groups[split])
    columns = [columns_in(path, schema_of(path), column) for _, path in files]
    for (_, path), other in zip(files, columns, strict=True):
        if other != columns[0]:
            raise ValueError(
                f"{path} and {files[0][1]} are one split but differ in image column, label column or classes; keep one kind"
            )
    count = sum(_rows(path) for _, path in files)
    if not count:
        raise ValueError(f"{name} has no rows in its split {split}; give parquet files with at least one picture")
    return Source(
        name=name,
        split=split,
        count=count,
        labelled=columns[0].label is not None,
        classes=columns[0].classes,
        recipe=f"parquet {columns[0]}",
        files=files,
        pictures=partial(_pictures, files, columns[0]),
    )


def _open(path: Path) -> ParquetFile:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    try:
        return ParquetFile(path, buffer_size=1 << 20)  # a column chunk is streamed, not read whole
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> ValueError:
    return ValueError(
        f"{path} cannot be read as parquet ({' '.join(str(error).split())}); download it again or remove it"
    )


def _rows(path: Path) -> int:
    with _open(path) as file:
        return file.metadata.num_rows


def schema_of(path: Path) -> pa.Schema:
    """The columns of one parquet file; `ValueError` when it is none."""
    with _open(path) as file:
        return file.schema_arrow


def image_columns(schema: pa.Schema) -> list[str]:
    """The columns that hold encoded pictures."""
    return [field.name for field in schema if _is_image(field.type)]


def columns_in(path: Path | str, schema: pa.Schema, column: str | None = None) -> Columns:
    """Which columns of a table to read; `path` is what messages call it. column: the image column, where there are
    several.

    Raises:
        ValueError: no image column of that name, or no `column` is named and there is none, or several and none called
            `image` or `img`.
    """
    image = _image_column(path, schema, column)
    label = next(
        (name for name in ("label", "labels") if name in schema.names and _is_integer(schema.field(name).type)), None
    )
    encoded = image if _is_binary(schema.field(image).type) else f"{image}.bytes"
    return Columns(image, encoded, label, _class_names(schema, label) if label else None)


def _image_column(path: Path | str, schema: pa.Schema, column: str | None) -> str:
    candidates = image_columns(schema)
    if column is not None and column not in candidates:
        raise ValueError(
            f"{path} has no image column {column!r}; its image columns are: {', '.join(candidates) or 'none'}"
        )
    named = [name for name in (column, "image", "img") if name in candidates]
    if named or len(candidates) == 1:
        return (named or candidates)[0]
    problem = f"has {len(candidates)} image columns ({', '.join(candidates)})" if candidates else "has no image column"
    raise ValueError(
        f"{path} {problem} among its columns {', '.join(schema.names)}; name one of encoded pictures `image`"
    )


def _is_image(kind: pa.DataType) -> bool:
    import pyarrow as pa

    if pa.types.is_struct(kind):
        index = kind.get_field_index("bytes")
        return index >= 0 and _is_binary(kind.field(index).type)
    return _is_binary(kind)


def _is_binary(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _is_integer(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return pa.types.is_integer(kind)


def _class_names(schema: pa.Schema, label: str) -> tuple[str, ...] | None:
    """The names that `datasets` keeps as JSON in the schema, or None when they are absent or not of that form."""
    try:
        names: Any = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"][label]["names"]
    except (KeyError, TypeError, ValueError):
        return None
    return tuple(map(str, names)) if isinstance(names, list) and names else None


def _pictures(files: Sequence[tuple[str, Path]], columns: Columns) -> Iterator[Picture]:
    for _, path in files:
        for row, (encoded, label) in enumerate(_cells(path, columns)):
            yield Picture(f"{path} row {row}", encoded, label)


def _cells(path: Path, columns: Columns) -> Iterator[tuple[bytes | None, int | None]]:
    import pyarrow as pa

    wanted = [columns.encoded] + ([columns.label] if columns.label else [])
    with _open(path) as file:
        try:
            for batch in file.iter_batches(_ROWS_AT_A_TIME, columns=wanted, use_threads=False):
                labels = batch[columns.label].to_pylist() if columns.label else [None] * len(batch)
                yield from zip(_encoded(batch[columns.image]), labels, strict=True)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(path, error) from error


def _encoded(column: pa.Array) -> list[bytes | None]:
    cells = column.to_pylist()
    return [cell["bytes"] if isinstance(cell, dict) else cell for cell in cells]
