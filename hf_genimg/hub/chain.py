"""Layers of a checkpoint as a chain that `models/imported.py` builds, and the strides and paddings that give the sizes
asked for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import torch

from .checkpoint import Module

ACTIVATIONS = ("relu", "leaky_relu", "tanh", "sigmoid", "none")
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
Way = tuple[int, int, int]  # stride, padding, output padding


@dataclass
class Chain:
    """Layers as the config spells them, and their tensors by the names that they have in the network built of them."""

    layers: list[list[Any]] = field(default_factory=list)
    tensors: dict[str, torch.Tensor] = field(default_factory=dict)

    def add(self, *layer: Any, tensors: dict[str, torch.Tensor] | None = None) -> None:
        self.tensors |= {f"{len(self.layers)}.{name}": tensor for name, tensor in (tensors or {}).items()}
        self.layers.append(list(layer))

    def add_linear(self, module: Module) -> None:
        after, before = module.weight.shape
        self.add("linear", before, after, module.bias, tensors=module.tensors)

    def add_conv(self, module: Module, way: Way) -> None:
        after, before, kernel, _ = module.weight.shape
        self.add("conv", before, after, kernel, *way[:2], module.bias, tensors=module.tensors)

    def add_conv_transpose(self, module: Module, way: Way) -> None:
        before, after, kernel, _ = module.weight.shape
        self.add("conv_transpose", before, after, kernel, *way, module.bias, tensors=module.tensors)

    def add_norm(self, module: Module | None, eps: float) -> None:
        if module is not None:
            mean = module.tensors["running_mean"]
            plain = {"weight": torch.ones_like(mean), "bias": torch.zeros_like(mean)}
            self.add("norm", len(mean), eps, tensors=plain | module.tensors)

    def add_activation(self, activation: str) -> None:
        """`relu`, `leaky_relu`, `leaky_relu:0.1`, `tanh`, `sigmoid` or `none`."""
        kind, _, slope = activation.partition(":")
        if kind not in ACTIVATIONS or (slope and kind != "leaky_relu"):
            raise ValueError(
                f"activation {activation!r} is not known; use one of {', '.join(ACTIVATIONS)}, or leaky_relu:0.1 for a slope"
            )
        if kind != "none":
            self.add(kind, *([float(slope or 0.2)] if kind == "leaky_relu" else []))

    def add_output(self, output: str, value_range: str | None) -> str:
        """The last activation, and what brings its images into [-1, 1]; returns the range they had."""
        self.add_activation(output)
        value_range = checked_range(value_range) or ("0,1" if output == "sigmoid" else "-1,1")
        if value_range == "0,1":
            self.add("scale", [2.0], [-1.0])
        return value_range

    def add_residual(self, branch: Chain, shortcut: Chain) -> None:
        inner = {f"branch.{name}": tensor for name, tensor in branch.tensors.items()}
        inner |= {f"shortcut.{name}": tensor for name, tensor in shortcut.tensors.items()}
        self.add("residual", branch.layers, shortcut.layers, tensors=inner)

    def state(self, prefix: str) -> dict[str, torch.Tensor]:
        return {f"{prefix}.{name}": tensor for name, tensor in self.tensors.items()}


@dataclass(frozen=True)
class Step:
    """A layer with weights, and the norm behind it."""

    op: Module
    norm: Module | None = None

    @property
    def kernel(self) -> int:
        return self.op.weight.shape[-1]

    @property
    def before(self) -> int:
        """What a linear layer or a convolution takes."""
        return self.op.weight.shape[1]

    @property
    def after(self) -> int:
        return self.op.weight.shape[0]


def checked_range(value_range: str | None) -> str | None:
    if value_range not in (None, "0,1", "-1,1"):
        raise ValueError(
            f"value_range={value_range} is not known; use 0,1 or -1,1, the range of the images it was trained on"
        )
    return value_range


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


def ways(
    steps: list[Step], sides: Iterable[int], goal: int | None, *, up: bool, stride: str | None, padding: str | None
) -> Iterator[tuple[int, list[Way]]]:
    """(side at the start, a way for each step) for each combination that leads from one of `sides` to `goal`, likely
    ones first.

    stride, padding: as the user gave them, one number or one for each step; None to try the usual ones.
    """
    strides, paddings = (numbers("stride", stride, len(steps)), numbers("padding", padding, len(steps)))
    for start in sides:
        choices = []
        for number, step in enumerate(steps):
            usual = (UP if up else DOWN).get(step.kernel, ((1, step.kernel // 2, 0),))
            if up and number == 0 and start == 1:
                usual = ((1, 0, 0),)
            choices.append(_allowed(usual, strides[number], paddings[number], up))
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


def _allowed(usual: tuple[Way, ...], stride: int | None, padding: int | None, up: bool) -> list[Way]:
    fitting = [way for way in usual if stride in (None, way[0]) and padding in (None, way[1])]
    if fitting:
        return fitting
    strides, paddings = ([stride] if stride is not None else [1, 2]), ([padding] if padding is not None else [0, 1, 2])
    return [(s, p, more) for s in strides for p in paddings for more in range(s if up else 1)]


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


def path(steps: list[Step], start: int, end: int) -> list[Step] | None:
    """The steps, all of them, in an order in which linear layers lead from `start` to `end` numbers; None where none
    does.
    """
    if not steps:
        return [] if start == end else None
    for number, step in enumerate(steps):
        if step.before == start and (rest := path(steps[:number] + steps[number + 1 :], step.after, end)) is not None:
            return [step, *rest]
    return None
