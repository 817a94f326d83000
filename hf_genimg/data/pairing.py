"""Which two pictures make a pair: of two columns, of two folders, the halves of one picture, or a picture and its
blurred self.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

from .archive import from_archive, is_archive
from .decode import seems_doubled
from .folder import group_by_split, has_split_folders, plain_source
from .locate import available_splits, find_source, image_columns, loose_pictures, wanted_split
from .source import Picture, Source, choose_split, in_order

BLURRED = "blurred"
HALVES = ("left", "right")
_USUAL = (("inputs", "targets"), ("input", "target"), ("A", "B"))  # names that say which side is which
_INSTEAD = "inputs=left targets=right for pairs side by side, or inputs=blurred to make the inputs from the targets"

Sides = tuple[
    str, str | None
]  # the inputs and the targets: columns, folders or halves; or `blurred` and the column to blur, if any
Files = dict[
    str, str
]  # files of one side, by what both files of a pair share: the path below the side's folder without its extension
Loose = (
    tuple[Path, list[str]] | None
)  # the folder or zip file of a source and its pictures; None where they are not files


def find_pairs(
    source: str | Path, split: str | None, inputs: str | None, targets: str | None
) -> tuple[Source | None, Source]:
    """The inputs and the targets of one split, in the same order; None for inputs that are the blurred targets.

    Arguments and errors as of `open_pairs`; nothing is decoded.
    """
    loose = loose_pictures(source)
    sides = _sides(source, split, (inputs, targets), loose)
    if sides[0] == BLURRED:
        return None, find_source(source, split, sides[1])
    if set(sides) == set(HALVES) and not set(HALVES) <= set(_names(source, split, loose)):
        whole = find_source(source, split)
        return _half(whole, sides[0]), _half(whole, sides[1])
    if loose is not None:
        return _folders(*wanted_split(source, split), sides, *loose)
    return find_source(source, split, sides[0]), find_source(source, split, sides[1])


def pair_splits(source: str | Path, inputs: str | None = None, targets: str | None = None) -> list[str]:
    """Names of the splits of `source`: train, validation, test, then others. Arguments and errors as of `open_pairs`."""
    loose = loose_pictures(source)
    if loose is None or inputs == BLURRED:
        return available_splits(source)
    return in_order(_groups(loose[1], _sides(source, None, (inputs, targets), loose))) or available_splits(source)


def _sides(source: str | Path, split: str | None, given: tuple[str | None, str | None], loose: Loose) -> Sides:
    """What to take as inputs and as targets: as given, or found where it is unambiguous."""
    names, kind = _names(source, split, loose), "image columns" if loose is None else "folders"
    if any(given):
        return _checked(wanted_split(source, split)[0], given, names, kind)
    usual = [pair for pair in _USUAL if set(pair) <= set(names)]
    if len(usual) == 1:
        return usual[0]
    if loose is None and not names:
        return BLURRED, None  # of all kinds of sources only `digits` has neither files nor columns
    if not usual and (loose is not None or len(names) == 1) and seems_doubled(find_source(source, split)):
        return HALVES
    raise _uncertain(wanted_split(source, split)[0], names, kind)


def _checked(name: str, given: tuple[str | None, str | None], names: list[str], kind: str) -> Sides:
    inputs, targets = given
    said = f"inputs={inputs or 'none'} targets={targets or 'none'}"
    if inputs == BLURRED and targets and kind == "folders":
        raise ValueError(f"{said}: blurred inputs are made of all pictures of {name}; leave targets out")
    if inputs != BLURRED and (not inputs or not targets or inputs == targets):
        raise ValueError(f"{said} does not name two sides; name both or neither, or write {_INSTEAD}")
    halves = HALVES if set(given) == set(HALVES) else ()
    strange = [side for side in given if side and side not in (*names, *halves) and (side, side) != (inputs, BLURRED)]
    if strange:
        raise ValueError(
            f"{name} has no {strange[0]!r} among its {kind} ({', '.join(names) or 'none'}); name two of these, or write {_INSTEAD}"
        )
    return inputs, targets


def _uncertain(name: str, names: list[str], kind: str) -> ValueError:
    if len(names) < 2:
        return ValueError(f"{name} holds single pictures, not pairs; write {_INSTEAD}")
    remedy = f"write inputs={names[0]} targets={names[1]} or the like, {_INSTEAD}"
    return ValueError(f"{name} has the {kind} {', '.join(names)}, which do not say what is to become what; {remedy}")


def _names(source: str | Path, split: str | None, loose: Loose) -> list[str]:
    """What could be a side: image columns; of a folder or zip file its top folders, or those below its splits."""
    if loose is None:
        return image_columns(source, split)
    below = [name for names in _by_split(loose[1]).values() for name in names]
    return sorted({name.partition("/")[0] for name in below if "/" in name})


def _by_split(names: Iterable[str]) -> dict[str, Files]:
    """The files of each split, by their paths below its folder."""
    names = list(names)
    if not has_split_folders(names):
        return {"train": {name: name for name in names}}
    return {
        split: {name.partition("/")[2]: name for name in members} for split, members in group_by_split(names).items()
    }


def _groups(names: list[str], sides: Sides) -> dict[str, tuple[Files, Files]]:
    """Both sides of each split, for `train/A/1.png` as for `A/train/1.png`."""
    groups: dict[str, tuple[Files, Files]] = {}
    for split, members in _by_split(names).items():
        for number, side in enumerate(sides):
            below = {
                member.removeprefix(f"{side}/"): name
                for member, name in members.items()
                if member.startswith(f"{side}/")
            }
            inner = {split: {member: member for member in below}} if has_split_folders(names) else _by_split(below)
            for found, files in inner.items():
                if files:
                    groups.setdefault(found, ({}, {}))[number].update(
                        _keyed({key: below[file] for key, file in files.items()})
                    )
    return groups


def _keyed(files: Files) -> Files:
    """By the path without its extension; `ValueError` when two files would be the same half of a pair."""
    keyed: Files = {}
    for path, name in files.items():
        key = PurePosixPath(path).with_suffix("").as_posix()
        if key in keyed:
            raise ValueError(
                f"{keyed[key]} and {name} differ only in their extension, so each could be half of one pair; remove one"
            )
        keyed[key] = name
    return keyed


def _folders(name: str, split: str, sides: Sides, root: Path, names: list[str]) -> tuple[Source, Source]:
    groups = _groups(names, sides)
    split = choose_split(name, split, in_order(groups))
    pair = groups[split]
    alone = sorted(pair[0].keys() ^ pair[1].keys())
    if alone:
        here = int(alone[0] not in pair[0])
        other = f"{alone[0]} with any picture's extension in {sides[1 - here]}"
        raise ValueError(
            f"{name}: {pair[here][alone[0]]} is alone; add {other}, or remove it ({len(alone)} such in the split {split})"
        )
    inputs, targets = (_side(name, root, files, split, side) for files, side in zip(pair, sides, strict=True))
    return inputs, targets


def _side(name: str, root: Path, files: Files, split: str, side: str) -> Source:
    source = plain_source(name, root, [files[key] for key in sorted(files)], split, side)
    return from_archive(root, source) if is_archive(root) else source


def _half(source: Source, half: str) -> Source:
    pictures = partial(_halves, source.pictures, half)
    return replace(source, labelled=False, classes=None, recipe=f"{source.recipe} {half}", pictures=pictures)


def _halves(pictures: Callable[[], Iterator[Picture]], half: str) -> Iterator[Picture]:
    with closing(pictures()) as whole:
        for picture in whole:
            yield replace(picture, label=None, half=half)
