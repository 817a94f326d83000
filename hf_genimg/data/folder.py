"""A folder of pictures: flat or nested, with class sub-folders, with split sub-folders, or with both."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from .source import Picture, Source, canonical_split, choose_split, in_order, known_split

PICTURE_EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")


def list_files(root: Path) -> list[str]:
    """Paths of all files below `root`, relative to it, with forward slashes and sorted.

    Hidden files and folders are left out. Links are followed, a folder that is reached twice is read once.
    """
    names: list[str] = []
    seen = {os.path.realpath(root)}
    for folder, subfolders, files in os.walk(root, followlinks=True):
        subfolders[:] = [
            name
            for name in sorted(subfolders)
            if not name.startswith(".") and _first_visit(os.path.join(folder, name), seen)
        ]
        inner = Path(folder).relative_to(root).as_posix()
        prefix = "" if inner == "." else inner + "/"
        names += [prefix + name for name in files if not name.startswith(".")]
    return sorted(names)


def _first_visit(folder: str, seen: set[str]) -> bool:
    real = os.path.realpath(folder)
    new = real not in seen
    seen.add(real)
    return new


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


def folder_source(name: str, root: Path, names: Sequence[str], split: str) -> Source:
    """One split of the folder `root` that holds the pictures `names` (relative, sorted).

    Raises:
        ValueError: when there is no such split.
    """
    groups = group_by_split(names)
    split = choose_split(name, split, list(groups))
    depth = int(has_split_folders(names))
    # Over all splits, so that a class that is missing in one of them does not shift the labels of the others.
    classes = _classes(
        [member for group in groups.values() if _in_class_folders(group, depth) for member in group], depth
    )
    labelled = len(classes) > 1 and _in_class_folders(groups[split], depth)
    classes = classes if labelled else ()
    files = tuple((member, root / member) for member in groups[split])
    return Source(
        name=name,
        split=split,
        count=len(files),
        labelled=labelled,
        classes=classes or None,
        recipe=f"folder {classes}",
        files=files,
        pictures=partial(_pictures, files, {name: index for index, name in enumerate(classes)}, depth),
    )


def plain_source(name: str, root: Path, names: Sequence[str], split: str, recipe: str) -> Source:
    """The pictures `names` of `root`, in this order and without labels; `recipe` says what else decides them."""
    files = tuple((member, root / member) for member in names)
    return Source(name, split, len(files), False, None, f"folder {recipe}", files, partial(_pictures, files, {}, 0))


def _in_class_folders(names: Sequence[str], depth: int) -> bool:
    return all(name.count("/") > depth for name in names)


def _classes(names: Sequence[str], depth: int) -> tuple[str, ...]:
    return tuple(sorted({PurePosixPath(name).parts[depth] for name in names}))


def _pictures(files: Sequence[tuple[str, Path]], labels: dict[str, int], depth: int) -> Iterator[Picture]:
    for name, path in files:
        yield Picture(str(path), path, labels[name.split("/")[depth]] if labels else None)
