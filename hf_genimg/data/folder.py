"""Pictures that lie in a folder, a zip file or tar files: flat or nested, with class sub-folders, splits, or both."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any

from .annotations import Annotations, annotations_of, describes
from .containers import Folder, Listing, Tar
from .labels import number_labels
from .open_picture import PICTURE_EXTENSIONS
from .source import (
    ALL_FIELDS,
    Fields,
    Picture,
    Source,
    canonical_split,
    choose_split,
    in_order,
    known_split,
    natural_order,
)

_SHARD_STEM = re.compile(r"(?:img)?([0-9]{5,})")  # as StyleGAN's dataset tool numbers pictures, and FFHQ
_SHARD_FOLDER = re.compile(r"[0-9]{5,}")
_KINDS_IN_NOTE = 3


def picture_names(names: Sequence[str]) -> list[str]:
    """Those of `names` that have a picture's extension, in any case."""
    return [name for name in names if name.lower().endswith(PICTURE_EXTENSIONS)]


def group_by_split(names: Sequence[str]) -> dict[str, list[str]]:
    """The pictures of each split, in split order; a folder without splits is all `train`.

    The top folders are splits when every picture lies in one that is called `train`, `test`, `validation`, `val` or
    `valid`, or when there is a `train` beside another of these: then a further folder is a split under its own name,
    and loose pictures beside them belong to none. Otherwise such a name is a class like any other (`valid` beside
    `invalid`).
    """
    if not has_split_folders(names):
        return {"train": list(names)}
    groups: dict[str, list[str]] = {}
    for name in names:
        if "/" in name:
            groups.setdefault(canonical_split(name.split("/")[0]), []).append(name)
    return {split: groups[split] for split in in_order(groups)}


def has_split_folders(names: Sequence[str]) -> bool:
    """Whether the top folders are splits, as `group_by_split` says."""
    tops = {name.split("/")[0] for name in names if "/" in name}
    known = {split for split in map(known_split, tops) if split}
    everything = all("/" in name for name in names) and all(map(known_split, tops))
    return everything or ("train" in known and len(known) > 1)


def folder_source(name: str, listing: Listing, split: str, fields: Fields = ALL_FIELDS) -> Source:
    """One split of the pictures in `listing`.

    Labels come from dataset.json, metadata.csv or .jsonl, or .cls files, otherwise from the class sub-folders.

    Raises:
        ValueError: when there is no such split, or a file that describes the pictures cannot be read.
    """
    pictures = picture_names(listing.names)
    groups = group_by_split(pictures)
    split = choose_split(name, split, list(groups))
    annotations = annotations_of(listing, pictures, fields)
    found = _annotated_labels(name, annotations, groups[split]) or _labels_of_folders(
        name, groups, split, isinstance(listing, Tar)
    )
    captions = _captions(name, annotations, groups[split])
    recipe = f"{listing.kind} {found.recipe}" + (" captions" if captions else "")
    described = [file for file in annotations.files if isinstance(listing, Folder)]
    return Source(
        name=name,
        split=split,
        count=len(groups[split]),
        labelled=bool(found.classes),
        classes=found.classes or None,
        recipe=recipe,
        files=listing.files([*groups[split], *described]),
        pictures=partial(_pictures, listing, groups[split], found.numbers, captions),
        captioned=captions is not None,
        notes=tuple(_left_out(name, listing, annotations)),
        label_note=found.note,
    )


def plain_source(name: str, listing: Listing, names: Sequence[str], split: str, recipe: str) -> Source:
    """The pictures `names` of `listing`, in this order and without labels; `recipe` says what else decides them."""
    pictures = partial(_pictures, listing, names, {}, None)
    return Source(name, split, len(names), False, None, f"{listing.kind} {recipe}", listing.files(names), pictures)


@dataclass(frozen=True)
class _Labels:
    """The class number of each picture, and what stands for how they were found."""

    classes: tuple[str, ...]
    numbers: Mapping[str, int | None]
    recipe: object
    note: str = ""


def _annotated_labels(name: str, annotations: Annotations, pictures: Sequence[str]) -> _Labels | None:
    """The labels in files beside the pictures, numbered over all splits; None where there are none."""
    if not annotations.labels:
        return None
    coded = number_labels(annotations.labels.values())
    numbers = {
        picture: coded.number(_as_coded(annotations.labels[picture], coded.numbers))
        for picture in pictures
        if picture in annotations.labels
    }
    described = f"{coded.class_names} of {', '.join(annotations.files)}"
    return _Labels(coded.class_names, numbers, described, coded.note(name))


def _as_coded(label: Any, numbers: Mapping[Any, int] | None) -> Any:
    """Names and numbers among one another are all names."""
    return str(label) if numbers and label not in numbers and label is not None else label


def _labels_of_folders(name: str, groups: Mapping[str, Sequence[str]], split: str, sharded: bool) -> _Labels:
    everything = [picture for group in groups.values() for picture in group]
    depth = int(has_split_folders(everything))
    # Over all splits, so that a class that is missing in one of them does not shift the labels of the others.
    members = [member for group in groups.values() if _in_class_folders(group, depth) for member in group]
    classes = _classes(members, depth)
    if len(classes) < 2 or not _in_class_folders(groups[split], depth) or (sharded and _are_tars(classes)):
        return _Labels((), {}, ())
    if _number_shards(members, depth):
        note = (
            f"{name}: the folders {classes[0]}, {classes[1]}{', ...' if len(classes) > 2 else ''} number shards, not "
        )
        return _Labels((), {}, "of shards", f"{note}classes, and no dataset.json gives labels")
    numbers = {label: number for number, label in enumerate(classes)}
    return _Labels(classes, {member: numbers[member.split("/")[depth]] for member in groups[split]}, classes)


def _are_tars(classes: Sequence[str]) -> bool:
    return all(label.lower().endswith(".tar") for label in classes)


def _in_class_folders(names: Sequence[str], depth: int) -> bool:
    return all(name.count("/") > depth for name in names)


def _classes(names: Sequence[str], depth: int) -> tuple[str, ...]:
    return tuple(sorted({PurePosixPath(name).parts[depth] for name in names}, key=natural_order))


def _number_shards(names: Sequence[str], depth: int) -> bool:
    """Whether folders such as 00000, 00001 only divide pictures that are numbered throughout (StyleGAN's tool)."""
    found = []
    for name in names:
        folder, stem = name.split("/")[depth], _SHARD_STEM.fullmatch(PurePosixPath(name).stem)
        if not stem or not _SHARD_FOLDER.fullmatch(folder):
            return False
        found.append((int(folder), int(stem[1])))
    found.sort()
    numbers = [number for _, number in found]
    return all(one < other for one, other in pairwise(numbers))


def _left_out(name: str, listing: Listing, annotations: Annotations) -> list[str]:
    """The line that counts files that are no pictures of a known format."""
    known = set(picture_names(listing.names)) | set(annotations.files)
    left = [file for file in listing.names if file not in known and not describes(file)]
    if not left:
        return []
    kinds = Counter(Path(file).suffix.lower() for file in left).most_common()
    shown = ", ".join(f"{count} {suffix}" for suffix, count in kinds[:_KINDS_IN_NOTE])
    more = ", ..." if len(kinds) > _KINDS_IN_NOTE else ""
    return [f"{len(left)} of {len(known) + len(left)} files of {name} are no pictures and are left out: {shown}{more}"]


def _captions(name: str, annotations: Annotations, pictures: Sequence[str]) -> Mapping[str, tuple[str, ...]] | None:
    if annotations.captions is None:
        return None
    without = [picture for picture in pictures if not annotations.captions.get(picture)]
    if without:
        raise ValueError(f"{name}: {without[0]} has no caption ({len(without)} such); add some, or remove it")
    return annotations.captions


def _pictures(
    listing: Listing,
    names: Sequence[str],
    labels: Mapping[str, int | None],
    captions: Mapping[str, tuple[str, ...]] | None,
) -> Iterator[Picture]:
    for name, picture in zip(names, listing.pictures(names), strict=True):
        yield replace(picture, label=labels.get(name), captions=captions[name] if captions else ())
