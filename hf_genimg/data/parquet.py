"""A directory of parquet files in the layout of a dataset repository on the Hub."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..faults import read_errors, reason
from .annotations import LABEL_COLUMNS, TEXT_COLUMNS, as_captions
from .labels import ClassNumbers, number_labels
from .source import ALL_FIELDS, Fields, Picture, Source, choose_split, in_order, known_split

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

_SHARD = re.compile(r"-\d+-of-\d+(-[0-9a-f]+)?$")
_LABELS_AT_A_TIME = 1 << 16
_ROWS_AT_A_TIME = 32  # few, because each may be a photograph of several megabytes


@dataclass(frozen=True)
class Columns:
    """Which columns of a table are read.

    Args:
        image: the pictures.
        encoded: the dotted path of their bytes, or of nested lists of their levels.
        label: the labels, if any.
        classes: the class names that the schema gives.
        text: the captions, where they are wanted.
        names: all columns, for messages.
    """

    image: str
    encoded: str
    label: str | None
    classes: tuple[str, ...] | None
    text: str | None = field(default=None, repr=False)
    names: tuple[str, ...] = field(default=(), repr=False, compare=False)

    @property
    def read(self) -> list[str]:
        """Names of the columns that are read."""
        return [self.image] + [name for name in (self.label, self.text) if name]

    @property
    def paths(self) -> list[str]:
        """As `read`, with what parquet files call the bytes of the pictures."""
        return [self.encoded, *self.read[1:]]


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


def parquet_source(name: str, root: Path, names: Sequence[str], split: str, fields: Fields = ALL_FIELDS) -> Source:
    """One split of the parquet files `names` (relative, sorted) below `root`; only their footers and labels are read
    here.

    Raises:
        ValueError: no such split, a file that is not parquet, no column of a name that `fields` gives, no image column
            or several, or no rows.
    """
    groups = group_by_split(names)
    split = choose_split(name, split, list(groups))
    files = tuple((member, root / member) for member in groups[split])
    columns = [columns_in(path, schema_of(path), fields) for _, path in files]
    for (_, path), other in zip(files, columns, strict=True):
        if other != columns[0]:
            raise ValueError(
                f"{path} and {files[0][1]} are one split but differ in image column, label column or classes; "
                "keep one kind"
            )
    count = sum(_rows(path) for _, path in files)
    if not count:
        raise ValueError(f"{name} has no rows in its split {split}; give parquet files with at least one picture")
    everything = [root / member for group in groups.values() for member in group]
    coded = numbers_of(columns[0], (_labels(path, columns[0].label) for path in everything))
    return Source(
        name=name,
        split=split,
        count=count,
        files=files,
        pictures=partial(_pictures, files, columns[0], coded),
        **facts_of(name, "parquet", columns[0], coded),
    )


def facts_of(
    name: str, kind: str, columns: Columns, coded: ClassNumbers | None, inside: str | None = None
) -> dict[str, Any]:
    """What a source says of the columns that are read. inside: what stands for what its files do not hold."""
    recipe = f"{kind} {columns}" + ("" if inside is None else f" {inside}")
    others = "" if columns.label else f"its columns: {', '.join(columns.names)}"
    recipe += f" numbered {coded.class_names}" if coded and coded.numbers is not None else ""
    return {
        "labelled": columns.label is not None,
        "classes": coded.class_names if coded else columns.classes,
        "recipe": recipe + (f" captions {columns.text}" if columns.text else ""),
        "captioned": columns.text is not None,
        "label_note": coded.note(name) if coded else others,
    }


def numbers_of(columns: Columns, labels: Iterable[Iterable[Any]]) -> ClassNumbers | None:
    """How the labels of all splits are numbered; None where there are none, or the schema names the classes."""
    if columns.label is None or columns.classes is not None:
        return None
    return number_labels({label for part in labels for label in part})


def _labels(path: Path, column: str | None) -> Iterator[Any]:
    """The different labels of one file; none where it has no such column."""
    import pyarrow.compute as pc

    with _open(path) as file:
        if column not in file.schema_arrow.names:
            return
        try:
            for batch in file.iter_batches(_LABELS_AT_A_TIME, columns=[column], use_threads=False):
                yield from pc.unique(batch[column]).to_pylist()
        except read_errors() as error:
            raise _unreadable(path, error) from error


def _open(path: Path) -> ParquetFile:
    from pyarrow.parquet import ParquetFile

    try:
        return ParquetFile(path, buffer_size=1 << 20)  # a column chunk is streamed, not read whole
    except read_errors() as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> ValueError:
    return ValueError(f"{path} cannot be read as parquet ({reason(error)}); download it again or remove it")


def _rows(path: Path) -> int:
    with _open(path) as file:
        return file.metadata.num_rows


def schema_of(path: Path) -> pa.Schema:
    """The columns of one parquet file; `ValueError` when it is none."""
    with _open(path) as file:
        return file.schema_arrow


def image_columns(schema: pa.Schema) -> list[str]:
    """The columns that hold pictures: encoded, or as nested lists of levels."""
    return [field.name for field in schema if _is_image(field.type)]


def columns_in(path: Path | str, schema: pa.Schema, fields: Fields = ALL_FIELDS) -> Columns:
    """Which columns of a table to read; `path` is what messages call it.

    Raises:
        ValueError: no column of a name that `fields` gives, or of another type; or no image column is named and there
            is none, or several and none called `image` or `img`.
    """
    image = _image_column(path, schema, fields.image)
    kind = schema.field(image).type
    encoded = f"{image}.bytes" if _is_struct(kind) else image
    label = _named(path, schema, fields.label, _is_label, "classes: whole numbers, texts or truth values")
    label = label or next(
        (name for name in LABEL_COLUMNS if name in schema.names and _is_label(schema.field(name).type)), None
    )
    text = _named(path, schema, fields.text, _is_text, "captions: texts or lists of texts")
    text = text or next(
        (name for name in TEXT_COLUMNS if name in schema.names and _is_text(schema.field(name).type)), None
    )
    text = text if fields.captions else None
    classes = _class_names(schema, label) if label else None
    return Columns(image, encoded, label, classes, text, tuple(schema.names))


def _named(path: Path | str, schema: pa.Schema, name: str | None, fits: Callable[[Any], bool], what: str) -> str | None:
    """A column that was asked for by name."""
    if name is None or (name in schema.names and fits(schema.field(name).type)):
        return name
    if name not in schema.names:
        raise ValueError(f"{path} has no column {name!r}; its columns: {', '.join(schema.names)}")
    raise ValueError(f"the column {name!r} of {path} is of type {schema.field(name).type}, which holds no {what}")


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
    columns = (
        ", ".join(f"{field.name} ({field.type})" for field in schema) if not candidates else ", ".join(schema.names)
    )
    remedy = "name one by image_column=" if candidates else "give one of encoded pictures, called `image`"
    raise ValueError(f"{path} {problem} among its columns {columns}; {remedy}")


def _is_struct(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return pa.types.is_struct(kind)


def _is_image(kind: pa.DataType) -> bool:
    if _is_struct(kind):
        index = kind.get_field_index("bytes")
        return index >= 0 and _is_binary(kind.field(index).type)
    return _is_binary(kind) or _is_levels(kind)


def _is_binary(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _is_levels(kind: pa.DataType) -> bool:
    """Whether a cell is an array of whole numbers [H, W] or [H, W, C], as lists of lists."""
    import pyarrow as pa

    depth = 0
    kind = getattr(kind, "storage_type", kind)  # Array2D and Array3D of `datasets`
    while pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        kind, depth = kind.value_type, depth + 1
    return depth in (2, 3) and pa.types.is_integer(kind)


def _is_label(kind: pa.DataType) -> bool:
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    tests = (pa.types.is_integer, pa.types.is_boolean, pa.types.is_string, pa.types.is_large_string)
    return any(test(kind) for test in tests)


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_list(kind) or pa.types.is_large_list(kind) else kind
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _class_names(schema: pa.Schema, label: str) -> tuple[str, ...] | None:
    """The names that `datasets` keeps as JSON in the schema, or None when they are absent or not of that form."""
    try:
        names: Any = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"][label]["names"]
    except (KeyError, TypeError, ValueError):
        return None
    return tuple(map(str, names)) if isinstance(names, list) and names else None


def _pictures(files: Sequence[tuple[str, Path]], columns: Columns, coded: ClassNumbers | None) -> Iterator[Picture]:
    for _, path in files:
        row = 0
        for batch in _batches(path, columns):
            for cell, label, captions in cells_of(batch, columns, coded):
                yield Picture(f"{path} row {row}", cell, label, captions=captions)
                row += 1


def _batches(path: Path, columns: Columns) -> Iterator[pa.RecordBatch]:

    with _open(path) as file:
        try:
            yield from file.iter_batches(_ROWS_AT_A_TIME, columns=columns.paths, use_threads=False)
        except read_errors() as error:
            raise _unreadable(path, error) from error


def cells_of(
    batch: pa.RecordBatch, columns: Columns, coded: ClassNumbers | None
) -> Iterator[tuple[Any, int | None, tuple[str, ...]]]:
    """(content, class number, captions) of each row."""
    labels = batch[columns.label].to_pylist() if columns.label else [None] * len(batch)
    texts = batch[columns.text].to_pylist() if columns.text else [None] * len(batch)
    for cell, label, text in zip(batch[columns.image].to_pylist(), labels, texts, strict=True):
        yield content_of(cell), coded.number(label) if coded else label, as_captions(text)


def content_of(cell: Any) -> Any:
    """What a `Picture` holds of a cell: bytes, levels, or the file that it names."""
    if isinstance(cell, list):
        return _levels(cell)
    if not isinstance(cell, dict):
        return cell
    path = cell.get("path")
    return Path(path) if cell["bytes"] is None and path else cell["bytes"]


def _levels(cell: list[Any]) -> np.ndarray | bytes:
    """Nested lists as levels; empty bytes, a bad picture, where they are ragged or no levels."""
    try:
        levels = np.array(cell)
    except ValueError:
        return b""
    return (
        as_levels(levels)
        if levels.dtype.kind in "iu" and levels.min(initial=0) >= 0 <= levels.max(initial=0) <= 255
        else b""
    )


def as_levels(levels: np.ndarray) -> np.ndarray | bytes:
    """Levels [H, W], [H, W, C] or [C, H, W], as a `Picture` holds them; empty bytes where they have no such shape."""
    if levels.ndim == 3 and levels.shape[2] not in (1, 3, 4) and levels.shape[0] in (1, 3, 4):
        levels = levels.transpose(1, 2, 0)
    if levels.ndim == 3 and levels.shape[2] == 1:
        levels = levels[..., 0]
    fits = levels.size and (levels.ndim == 2 or (levels.ndim == 3 and levels.shape[2] in (3, 4)))
    if not fits:
        return b""
    return np.ascontiguousarray(levels if levels.dtype == np.uint16 and levels.ndim == 2 else levels.astype(np.uint8))
