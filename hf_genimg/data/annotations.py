"""Labels and captions in files beside pictures: dataset.json, metadata.csv and .jsonl, .txt and .cls files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ..faults import read_errors, reason
from .containers import Folder, Listing, Tar
from .labels import from_text
from .source import Fields

TEXT_COLUMNS = ("text", "caption", "captions", "prompt")
LABEL_COLUMNS = ("label", "labels")
_METADATA = ("metadata.csv", "metadata.jsonl")
_SIDECARS = (".txt", ".cls", ".json")


@dataclass
class Annotations:
    """Labels and captions of pictures by name, and the files that hold them.

    Args:
        labels: None where no file holds labels.
        captions: None where captions are not wanted, or no file has any.
        files: names of the files that were read.
        columns: names of further columns, for messages.
    """

    labels: dict[str, Any] | None = None
    captions: dict[str, tuple[str, ...]] | None = None
    files: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)


def annotations_of(listing: Listing, pictures: Sequence[str], fields: Fields) -> Annotations:
    """The labels and captions that the files of `listing` hold of `pictures`.

    Raises:
        ValueError: a file is not of its format, or a column that is named is not there.
    """
    found = Annotations()
    names = set(pictures)
    for name in listing.names:
        base = PurePosixPath(name).name.lower()
        if base == "dataset.json":
            _read(found, listing, name, lambda text, name=name: _stylegan_labels(found, text, _folder_of(name), names))
        elif base in _METADATA:
            _read(found, listing, name, lambda text, name=name: _metadata(found, name, text, names, fields))
    _sidecars(found, listing, pictures, fields)
    missing = [each for each in (fields.image, fields.label, fields.text) if each and each not in found.columns]
    if missing:
        columns = ", ".join(found.columns) or "none, for there is no metadata.csv or metadata.jsonl"
        raise ValueError(f"{listing.root} has no column {missing[0]!r}; its columns: {columns}")
    return found


def _folder_of(name: str) -> str:
    return name[: name.rfind("/") + 1]


def _read(found: Annotations, listing: Listing, name: str, parse: Callable[[str], None]) -> None:
    text = listing.text(name)
    try:
        parse(text)
    except read_errors() as error:
        raise ValueError(f"{listing.root}: {name} cannot be read ({reason(error)}); correct or remove it") from error
    found.files.append(name)


def _stylegan_labels(found: Annotations, text: str, folder: str, names: set[str]) -> None:
    """`{"labels": [["00000/img00000000.png", 6], ...]}`, as StyleGAN's dataset tool writes; or null."""
    rows = json.loads(text)["labels"]
    labels = {folder + str(name).replace("\\", "/"): label for name, label in rows or ()}
    if labels and all(isinstance(label, int | str) for label in labels.values()):
        found.labels = {name: label for name, label in labels.items() if name in names}


def _metadata(found: Annotations, name: str, text: str, names: set[str], fields: Fields) -> None:
    """Rows with a `file_name`, as of the image folders of `datasets`."""
    rows = (
        list(csv.DictReader(io.StringIO(text)))
        if name.lower().endswith(".csv")
        else list(map(json.loads, _lines(text)))
    )
    files = [_folder_of(name) + str(row["file_name"]).replace("\\", "/") for row in rows]
    columns = [column for column in (rows[0] if rows else ()) if column and column != "file_name"]
    found.columns += [column for column in columns if column not in found.columns]
    label = next((column for column in (fields.label, *LABEL_COLUMNS) if column in columns), None)
    if label:
        values = [row.get(label) for row in rows]
        plain = from_text(value or "" for value in values) if name.lower().endswith(".csv") else values
        labels = {file: value for file, value in zip(files, plain, strict=True) if file in names}
        if all(value is None or isinstance(value, int | str) for value in labels.values()):
            found.labels = {**(found.labels or {}), **labels}
    column = next((column for column in (fields.text, *TEXT_COLUMNS) if column in columns), None)
    if column and fields.captions:
        captions = {file: as_captions(row.get(column)) for file, row in zip(files, rows, strict=True) if file in names}
        found.captions = {**(found.captions or {}), **captions}


def _lines(text: str) -> Iterable[str]:
    return (line for line in text.splitlines() if line.strip())


def as_captions(cell: Any) -> tuple[str, ...]:
    """The captions in a cell: a text, or a list of texts."""
    found = cell if isinstance(cell, list | tuple) else [cell]
    return tuple(str(text).strip() for text in found if text is not None and str(text).strip())


def _sidecars(found: Annotations, listing: Listing, pictures: Sequence[str], fields: Fields) -> None:
    """Files that are called as a picture: `.txt` holds captions, a line each; `.cls` a class, as webdataset has it."""
    files = set(listing.names)
    beside = [str(PurePosixPath(name).with_suffix("")) for name in pictures]
    if isinstance(listing, Tar):
        held = {suffix: [stem for stem in beside if stem + suffix in files] for suffix in _SIDECARS}
        _tar_labels(found, listing, dict(zip(beside, pictures, strict=True)), held, fields)
    if fields.captions and found.captions is None:
        texts = [(name, stem + ".txt") for name, stem in zip(pictures, beside, strict=True) if stem + ".txt" in files]
        if texts:
            contents = (listing.text(text) for _, text in texts)
            if isinstance(listing, Tar):
                contents = listing.texts([text for _, text in texts])
            captions = {
                name: as_captions(list(_lines(content))) for (name, _), content in zip(texts, contents, strict=True)
            }
            found.captions = captions
            found.files += [text for _, text in texts] if isinstance(listing, Folder) else []


def _tar_labels(
    found: Annotations, listing: Tar, pictures: dict[str, str], held: dict[str, list[str]], fields: Fields
) -> None:
    if held[".cls"]:
        texts = from_text(listing.texts([stem + ".cls" for stem in held[".cls"]]))
        found.labels = {pictures[stem]: label for stem, label in zip(held[".cls"], texts, strict=True)}
    if not held[".json"]:
        return
    rows = {
        stem: _json_row(text)
        for stem, text in zip(held[".json"], listing.texts([s + ".json" for s in held[".json"]]), strict=True)
    }
    found.columns += sorted({column for row in rows.values() for column in row})
    for column in (fields.label, *LABEL_COLUMNS):
        if column and found.labels is None and any(isinstance(row.get(column), int | str) for row in rows.values()):
            found.labels = {pictures[stem]: row.get(column) for stem, row in rows.items()}
    for column in (fields.text, *TEXT_COLUMNS):
        if column and fields.captions and found.captions is None and any(row.get(column) for row in rows.values()):
            found.captions = {pictures[stem]: as_captions(row.get(column)) for stem, row in rows.items()}


def _json_row(text: str) -> dict[str, Any]:
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return row if isinstance(row, dict) else {}


def describes(name: str) -> bool:
    """Whether a file is of a kind that describes pictures or a folder, and is no picture that was left out."""
    path = Path(name)
    return path.suffix.lower() in _DESCRIBING or path.name.lower() in ("thumbs.db", "desktop.ini")


_DESCRIBING = {"", ".txt", ".md", ".rst", ".json", ".jsonl", ".csv", ".tsv", ".yaml", ".yml", ".xml", ".html", ".ini"}
_DESCRIBING |= {".cls", ".py", ".log", ".parquet", ".lock", ".toml", ".cfg", ".pdf"}
