"""Which pictures are the inputs and which the targets: two columns, folders, halves or sources, or degraded targets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

from .containers import Listing
from .decode import seems_doubled
from .degradations import BLURRED, Degradation, is_degradation, parse_degradation
from .folder import group_by_split, has_split_folders, picture_names, plain_source
from .resolve import available_splits, find_source, image_columns, is_source, loose_pictures, wanted_split
from .source import ALL_FIELDS, Fields, Picture, Source, choose_split, in_order, known_split

HALVES = ("left", "right")
_USUAL = (("inputs", "targets"), ("input", "target"), ("A", "B"))  # names that say which side is which
_SPLIT_AND_SIDE = re.compile(r"([A-Za-z]+)[-_]?([AB])")  # trainA, testB: the layout of CycleGAN's data
_INSTEAD = (
    "inputs=left targets=right for pairs side by side, or inputs=blurred or another degradation (downscale:4, "
    "noise:25, mask:boxes) to make the inputs from the targets"
)

Sides = tuple[
    str, str | None
]  # the inputs and the targets: columns, folders or halves; or a degradation and the column to degrade, if any
Files = dict[
    str, str
]  # files of one side, by what both files of a pair share: the path below the side's folder without its extension
Loose = Listing | None  # the files of a folder, zip or tar file of pictures; None for sources of other kinds


@dataclass(frozen=True)
class Wanted:
    """What is asked for; arguments as of `open_pairs` and `open_unpaired`."""

    source: str | Path
    split: str | None = None
    inputs: str | None = None
    targets: str | None = None
    fields: Fields = ALL_FIELDS
    paired: bool = True


def find_sides(wanted: Wanted) -> tuple[Source | Degradation, Source]:
    """The inputs and the targets of one split, in the same order where they are pairs; or how targets become inputs.

    Errors as of `open_pairs`; nothing is decoded.
    """
    if _two_sources(wanted):
        return _from_two_sources(wanted)
    source, split = wanted.source, wanted.split
    loose = loose_pictures(source)
    sides = _sides(wanted, loose)
    if sides == (wanted.inputs, wanted.targets) and is_degradation(sides[0]) and sides[1] is None:
        return parse_degradation(sides[0]), find_source(source, split, wanted.fields)
    if is_degradation(sides[0]) and sides[0] not in _names(source, split, loose):
        return parse_degradation(sides[0]), find_source(source, split, _column(wanted, sides[1]))
    if set(sides) == set(HALVES) and not set(HALVES) <= set(_names(source, split, loose)):
        whole = find_source(source, split, wanted.fields)
        return _half(whole, sides[0]), _half(whole, sides[1])
    if loose is not None:
        return _folders(*wanted_split(source, split), sides, loose, wanted.paired)
    return tuple(find_source(source, split, _column(wanted, side)) for side in sides)


def _column(wanted: Wanted, name: str | None) -> Fields:
    return replace(wanted.fields, image=name or wanted.fields.image)


def side_splits(
    source: str | Path, inputs: str | None = None, targets: str | None = None, paired: bool = True
) -> list[str]:
    """Names of the splits of `source`: train, validation, test, then others. Arguments and errors as of `open_pairs`
    and `open_unpaired`.
    """
    wanted = Wanted(source, None, inputs, targets, paired=paired)
    if _two_sources(wanted):
        both = [available_splits(side) for side in (inputs, targets)]
        return [split for split in both[0] if split in both[1]]
    loose = loose_pictures(source)
    if loose is None or (inputs and targets is None and is_degradation(inputs)):
        return available_splits(source)
    groups = _groups(picture_names(loose.names), _sides(wanted, loose), paired)
    return in_order(split for split, (first, second) in groups.items() if paired or (first and second)) or (
        available_splits(source)
    )


def _two_sources(wanted: Wanted) -> bool:
    """Whether inputs and targets are sources of their own, and not parts of one."""
    given = (wanted.inputs, wanted.targets)
    if not all(given) or set(given) == set(HALVES) or is_degradation(given[0]) or not all(map(is_source, given)):
        return False
    names = _names(wanted.source, wanted.split, loose_pictures(wanted.source))
    return not set(given) <= set(names)


def _from_two_sources(wanted: Wanted) -> tuple[Source, Source]:
    inputs, targets = wanted.inputs, wanted.targets
    if not wanted.paired:
        return find_source(inputs, wanted.split, wanted.fields), find_source(targets, wanted.split, wanted.fields)
    found = []
    for side in (inputs, targets):
        loose, (name, split) = loose_pictures(side), wanted_split(side, wanted.split)
        if loose is None:
            raise ValueError(
                f"{side} is no folder or zip file, so nothing says which of its pictures belong to those of "
                f"{targets if side == inputs else inputs}; give pairs as two folders, or two columns of one table"
            )
        groups = _by_split(picture_names(loose.names))
        files = groups[choose_split(name, split, in_order(groups))]
        found.append((name, loose, split, _keyed(files)))
    _refuse_alone(" and ".join(map(str, (inputs, targets))), found[0][2], (inputs, targets), (found[0][3], found[1][3]))
    return tuple(_side(name, listing, files, split, "side", True) for name, listing, split, files in found)


def _sides(wanted: Wanted, loose: Loose) -> Sides:
    """What to take as inputs and as targets: as given, or found where it is unambiguous."""
    source, split, given = wanted.source, wanted.split, (wanted.inputs, wanted.targets)
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
    asked = f"inputs={inputs or 'none'} targets={targets or 'none'}"
    degraded = inputs is not None and is_degradation(inputs) and not (targets and inputs in names)
    if degraded and targets and kind == "folders":
        raise ValueError(f"{asked}: {inputs} inputs are made of all pictures of {name}; leave targets out")
    if not degraded and (not inputs or not targets or inputs == targets):
        raise ValueError(f"{asked} does not name two sides; name both or neither, or write {_INSTEAD}")
    allowed = (*names, *(HALVES if set(given) == set(HALVES) else ()), *((inputs,) if degraded else ()))
    strange = [side for side in given if side and side not in allowed]
    if strange:
        raise ValueError(
            f"{name} has no {strange[0]!r} among its {kind} ({', '.join(names) or 'none'}); name two of these, or "
            f"write {_INSTEAD}"
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
    below = [name for names in _by_split(picture_names(loose.names)).values() for name in names]
    return sorted({name.partition("/")[0] for name in below if "/" in name})


def _by_split(names: Iterable[str]) -> dict[str, Files]:
    """The files of each split, by their paths below its folder."""
    names = list(names)
    if _has_split_and_side_folders(names):
        return _by_split_and_side(names)
    if not has_split_folders(names):
        return {"train": {name: name for name in names}}
    return {
        split: {name.partition("/")[2]: name for name in members} for split, members in group_by_split(names).items()
    }


def _split_and_side(name: str) -> tuple[str, str] | None:
    """The split and the side that a top folder such as `trainA` names."""
    match = _SPLIT_AND_SIDE.fullmatch(name.partition("/")[0])
    split = known_split(match[1]) if match else None
    return (split, match[2]) if split else None


def _has_split_and_side_folders(names: Iterable[str]) -> bool:
    """Whether the pictures lie in `trainA` and `trainB`, perhaps `testA` and `testB`."""
    found = {_split_and_side(name) for name in names}
    return None not in found and {("train", "A"), ("train", "B")} <= found


def _by_split_and_side(names: Iterable[str]) -> dict[str, Files]:
    groups: dict[str, Files] = {}
    for name in names:
        split, side = _split_and_side(name)
        groups.setdefault(split, {})[f"{side}/{name.partition('/')[2]}"] = name
    return {split: groups[split] for split in in_order(groups)}


def _groups(names: list[str], sides: Sides, paired: bool) -> dict[str, tuple[Files, Files]]:
    """Both sides of each split, for `train/A/1.png` and `trainA/1.png` as for `A/train/1.png`."""
    groups: dict[str, tuple[Files, Files]] = {}
    outside = has_split_folders(names) or _has_split_and_side_folders(names)
    for split, members in _by_split(names).items():
        for number, side in enumerate(sides):
            below = {
                member.removeprefix(f"{side}/"): name
                for member, name in members.items()
                if member.startswith(f"{side}/")
            }
            inner = {split: {member: member for member in below}} if outside else _by_split(below)
            for found, files in inner.items():
                if files:
                    whole = {key: below[file] for key, file in files.items()}
                    groups.setdefault(found, ({}, {}))[number].update(_keyed(whole) if paired else whole)
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


def _folders(name: str, split: str, sides: Sides, listing: Listing, paired: bool) -> tuple[Source, Source]:
    groups = _groups(picture_names(listing.names), sides, paired)
    split = choose_split(name, split, in_order(groups))
    both = groups[split]
    if paired:
        _refuse_alone(name, split, sides, both)
    elif not all(both):
        raise ValueError(f"{name} has no pictures in {sides[int(not both[1])]} in its split {split}; add some")
    inputs, targets = (
        _side(name, listing, files, split, side, paired) for files, side in zip(both, sides, strict=True)
    )
    return inputs, targets


def _refuse_alone(name: str, split: str, sides: Sides, pair: tuple[Files, Files]) -> None:
    alone = sorted(pair[0].keys() ^ pair[1].keys())
    if all(pair) and not pair[0].keys() & pair[1].keys():
        raise ValueError(
            f"{name}: no picture in {sides[0]} has the name of one in {sides[1]} in the split {split}, so they are not "
            "pairs; name both of a pair alike, or train a family of unpaired translation"
        )
    if alone:
        here = int(alone[0] not in pair[0])
        other = f"{alone[0]} with any picture's extension in {sides[1 - here]}"
        raise ValueError(
            f"{name}: {pair[here][alone[0]]} is alone; add {other}, or remove it "
            f"({len(alone)} such in the split {split})"
        )


def _side(name: str, listing: Listing, files: Files, split: str, side: str, paired: bool) -> Source:
    order = sorted(files) if paired else sorted(files, key=files.__getitem__)
    return plain_source(name, listing, [files[key] for key in order], split, side)


def _half(source: Source, half: str) -> Source:
    pictures = partial(_halves, source.pictures, half)
    return replace(source, labelled=False, classes=None, recipe=f"{source.recipe} {half}", pictures=pictures)


def _halves(pictures: Callable[[], Iterator[Picture]], half: str) -> Iterator[Picture]:
    with closing(pictures()) as whole:
        for picture in whole:
            yield replace(picture, label=None, half=half)
