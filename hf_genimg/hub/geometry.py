"""Steps of a network (a layer with weights and the norm behind it), and the strides and paddings that weights do not
show.

Several geometries often fit the shapes. One is the usual: convolutions of one kernel that each double (or halve) the
size. Where that does not fit, or image_size says otherwise, the geometries are listed and the user chooses.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise, product
from typing import Any

from .layer_chain import Way
from .state_dict import Module

SIZES = (28, 32, 64, 128, 16, 256, 224)  # pixels a side that are common
MOST = 1000  # geometries that are looked at
NAMED = 4  # that an error names
FIRST_STRIDE = "From a map of 1x1 every stride gives the same, so the first stride is listed as 1 whatever theirs was"
# For each kernel the usual (stride, padding, output padding), the likeliest first: doublings, then what keeps or hardly
# changes the size.
UP = {
    2: ((2, 0, 0),),
    3: ((2, 1, 1), (1, 1, 0), (2, 1, 0), (2, 0, 0), (1, 0, 0)),
    4: ((2, 1, 0), (1, 0, 0), (2, 0, 0)),
    5: ((2, 2, 1), (1, 2, 0), (2, 2, 0), (1, 0, 0), (2, 0, 0)),
    6: ((2, 2, 0), (2, 0, 0)),
    7: ((1, 3, 0), (1, 0, 0)),
}
DOWN = {
    1: ((1, 0, 0),),
    2: ((2, 0, 0),),
    3: ((2, 1, 0), (1, 1, 0), (1, 0, 0), (2, 0, 0)),
    4: ((2, 1, 0), (1, 0, 0), (2, 0, 0)),
    5: ((2, 2, 0), (1, 2, 0), (1, 0, 0), (2, 0, 0)),
    7: ((2, 3, 0), (1, 3, 0)),
}


@dataclass(frozen=True)
class Step:
    """A layer with weights, and the norm behind it."""

    op: Module
    norm: Module | None = None

    @property
    def kernel(self) -> int:
        return self.op.weight.shape[-1]

    @property
    def in_channels(self) -> int:
        """What a linear layer or a convolution takes."""
        return self.op.weight.shape[1]

    @property
    def out_channels(self) -> int:
        return self.op.weight.shape[0]


def steps_of(modules: Iterable[Module]) -> tuple[list[Step], list[str]]:
    """Layers with the norms behind them, and the names of what could not be matched.

    A norm belongs to the layer before it, or to that of its number (`bn1` to `conv1`) where the file does not keep
    their order.
    """
    modules = list(modules)
    ops = [module for module in modules if module.kind in ("conv", "linear")]
    unmatched = [module.name for module in modules if module.kind == "unknown"]
    norms: dict[str, Module] = {}
    for number, norm in enumerate(modules):
        if norm.kind != "norm":
            continue
        ahead = [op for op in modules[:number] if op in ops][-1:]
        numbered = [op for op in ops if _digits(op.name) == _digits(norm.name)]
        owner = next(
            (
                op
                for op in [*(numbered if len(numbered) == 1 else []), *ahead]
                if op.name not in norms and _fits(norm, op)
            ),
            None,
        )
        if owner is None:
            unmatched.append(norm.name)
        else:
            norms[owner.name] = norm
    return [Step(op, norms.get(op.name)) for op in ops], unmatched


def _digits(name: str) -> list[str]:
    return re.findall(r"\d+", name)


def _fits(norm: Module, op: Module) -> bool:
    """Whether an op gives the channels that a norm takes; a linear layer also whole maps of them."""
    channels = len(norm.tensors["running_mean"])
    sizes = op.weight.shape[:2]
    return channels in sizes or (op.kind == "linear" and sizes[0] % channels == 0)


@dataclass(frozen=True)
class Geometry:
    """One reading of the shapes.

    fields: what a user pastes to choose it. usual: whether it is taken unless another is asked for. read: makes the
    network; called for the chosen one, for shapes leave thousands. note: a sentence for whoever looks for a geometry
    that is listed in other numbers.
    """

    fields: dict[str, str]
    read: Callable[[], Any]
    usual: bool = True
    note: str = ""

    def __str__(self) -> str:
        return " ".join(f"{name}={value}" for name, value in self.fields.items())


def chosen(geometries: list[Geometry]) -> Geometry:
    """The only one, or the usual one among several; `ValueError` lists them where neither is."""
    usual = [geometry for geometry in geometries if geometry.usual]
    if len(geometries) == 1 or len(usual) == 1:
        return usual[0] if usual else geometries[0]
    shown = "; ".join(f"({number}) {geometry}" for number, geometry in enumerate(geometries[:NAMED], 1))
    count = f"{len(geometries)}" if len(geometries) < MOST else f"{MOST} or more"
    notes = "".join(f". {note}" for note in notes_of(geometries))
    raise ValueError(
        f"the shapes fit {count} geometries, and nothing was written: {shown}"
        f"{' and more' if len(geometries) > NAMED else ''}. Give the fields of one; --list shows all, --sheet FILE.png "
        f"images of each, image_size= narrows them{notes}"
    )


def notes_of(geometries: list[Geometry]) -> list[str]:
    """Their notes, each once."""
    return list(dict.fromkeys(geometry.note for geometry in geometries if geometry.note))


def ordered(geometries: Iterable[Geometry]) -> list[Geometry]:
    """At most `MOST`, different ones, the usual first, then common sizes and what is alike in all layers."""
    found = {str(geometry): geometry for geometry in islice(geometries, MOST)}

    def rank(geometry: Geometry) -> tuple[bool, bool, int]:
        numbers_of = [value for name, value in geometry.fields.items() if name != "image_size"]
        size = int(geometry.fields.get("image_size", SIZES[0]))
        return not geometry.usual, size not in SIZES, sum(len(set(value.split(","))) for value in numbers_of)

    return sorted(found.values(), key=rank)


def spelled(combination: Iterable[Way], prefix: str = "", *, up: bool = True) -> dict[str, str]:
    """Strides, paddings and output paddings as fields, one number where all are alike."""
    columns = zip(*combination, strict=True)
    names = ("stride", "padding", "output_padding") if up else ("stride", "padding")
    return {
        f"{prefix}{name}": ",".join(map(str, column if len(set(column)) > 1 else column[:1]))
        for name, column in zip(names, columns, strict=False)
    }


def is_usual(steps: list[Step], combination: list[Way], start: int, *, up: bool) -> bool:
    """Whether all kernels are alike and each doubles, or halves, the size; the first of all may make maps of 1x1."""
    pairs = list(zip(steps, combination, strict=True))
    pairs = pairs[1:] if up and start == 1 and combination[0] == (1, 0, 0) else pairs
    table = UP if up else DOWN
    return len({step.kernel for step, _ in pairs}) <= 1 and all(
        way[0] == 2 and way == table.get(step.kernel, (None,))[0] for step, way in pairs
    )


def ways(
    steps: list[Step],
    sides: Iterable[int],
    goal: int | None,
    *,
    up: bool,
    stride: str | None,
    padding: str | None,
    output_padding: str | None = None,
) -> Iterator[tuple[int, list[Way]]]:
    """(side at the start, a way for each step) for each combination that leads from one of `sides` to `goal`, likely
    ones first.

    stride, padding, output_padding: as the user gave them, one number or one for each step; None to try the usual ones.
    """
    given = list(
        zip(
            numbers("stride", stride, len(steps)),
            numbers("padding", padding, len(steps)),
            numbers("output_padding", output_padding, len(steps)),
            strict=True,
        )
    )
    for start in sides:
        choices = []
        for number, step in enumerate(steps):
            usual = (UP if up else DOWN).get(step.kernel, ((1, step.kernel // 2, 0),))
            if up and number == 0 and start == 1 and given[0] == (None, None, None):
                usual = ((1, 0, 0),)
            choices.append(_allowed(usual, given[number], up))
        for combination in product(*choices):
            side = walk(start, steps, combination, up=up)
            if side and (goal is None or side == goal):
                yield start, list(combination)


def walk(side: int, steps: list[Step], combination: Iterable[Way], *, up: bool) -> int:
    """The side after the steps; 0 where nothing is left."""
    for step, (stride, padding, more) in zip(steps, combination, strict=True):
        side = (
            (side - 1) * stride - 2 * padding + step.kernel + more
            if up
            else (side + 2 * padding - step.kernel) // stride + 1
        )
        if side < 1:
            return 0
    return side


def _allowed(usual: tuple[Way, ...], given: tuple[int | None, ...], up: bool) -> list[Way]:
    """The usual ways that have the numbers given, else all that have them."""
    fitting = [way for way in usual if all(want in (None, has) for want, has in zip(given, way, strict=True))]
    if fitting:
        return fitting
    stride, padding, more = given
    strides, paddings = ([stride] if stride is not None else [1, 2]), ([padding] if padding is not None else [0, 1, 2])
    return [
        (s, p, m) for s in strides for p in paddings for m in ([more] if more is not None else range(s if up else 1))
    ]


def numbers(name: str, text: str | None, count: int) -> list[int | None]:
    """`2` for all, or `2,2,1` for each."""
    if text is None:
        return [None] * count
    try:
        values = [int(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(
            f"{name}={text} is not right; give a whole number, or one for each layer, joined with commas"
        ) from None
    if len(values) not in (1, count):
        raise ValueError(f"{name}={text} has {len(values)} numbers for {count} layers; give one, or one for each")
    return values * count if len(values) == 1 else values


def side_of(pixels: int, image_size: int | None, image_channels: int | None) -> tuple[int, int]:
    """Image size and channels of so many numbers; `ValueError` where no square image has as many."""
    for channels in [image_channels] if image_channels else [1, 3]:
        side = math.isqrt(pixels // channels)
        if channels * side**2 == pixels and image_size in (None, side):
            return side, channels
    asked = f" of image_size={image_size}" if image_size else ""
    raise ValueError(f"{pixels} numbers are no square image{asked} with {image_channels or '1 or 3'} channels")


def in_a_row(steps: list[Step]) -> list[Step]:
    """The steps in an order in which each takes what the one before gives, where theirs is none and there is one."""
    if all(one.out_channels == other.in_channels for one, other in pairwise(steps)):
        return steps
    given, taken = {step.out_channels for step in steps}, {step.in_channels for step in steps}
    starts, ends = taken - given, given - taken
    return (path(steps, *starts, *ends) if len(starts) == len(ends) == 1 else None) or steps


def path(steps: list[Step], start: int, end: int) -> list[Step] | None:
    """The steps, all of them, in an order in which linear layers lead from `start` to `end` numbers; None where none
    does.
    """
    if not steps:
        return [] if start == end else None
    for number, step in enumerate(steps):
        if (
            step.in_channels == start
            and (rest := path(steps[:number] + steps[number + 1 :], step.out_channels, end)) is not None
        ):
            return [step, *rest]
    return None
