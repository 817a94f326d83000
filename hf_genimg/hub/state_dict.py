"""A state dict of a file as layers, in the order in which data pass through them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from .checkpoint_parts import chosen_part, foreign_line
from .pickled_tensors import read_file
from .weight_norms import folded

IGNORED = ("num_batches_tracked",)
PARTS = ("weight", "bias", "running_mean", "running_var")  # of a layer


@dataclass(frozen=True)
class Module:
    """One layer of a checkpoint: its name, what its tensors show it to be, and they."""

    name: str
    kind: str  # conv, linear, norm, or unknown
    tensors: dict[str, torch.Tensor]

    @property
    def weight(self) -> torch.Tensor:
        return self.tensors["weight"]

    @property
    def bias(self) -> bool:
        return "bias" in self.tensors


def read_modules(
    path: Path, names: tuple[str, ...], part: str | None, mapping: str | None, ignored: str | None = None
) -> tuple[list[Module], list[str]]:
    """The layers of a checkpoint in their order, and lines that say which part was taken and which norms were folded.

    Args:
        names: those that the wanted network goes by, where a file holds several.
        part: the one to take instead.
        mapping: a JSON file with the names of the layers in the order in which data pass through them.
        ignored: names of layers to leave out, joined with commas.
    """
    file = read_file(path)
    chosen, lines = chosen_part(file.content, names, part)
    tensors, norms = folded(chosen.tensors)
    _check_finite(tensors)
    modules = grouped(tensors)
    lines = [*lines, *norms, *foreign_line(file.foreign, path)]
    if mapping is not None:
        return _mapped(modules, Path(mapping)), lines
    if not file.ordered:
        modules = sorted(modules, key=lambda module: _natural(module.name))
    left_out = [name.strip() for name in ignored.split(",")] if ignored else []
    absent = [name for name in left_out if name not in {module.name for module in modules}]
    if absent:
        there = ", ".join(module.name for module in modules)
        raise ValueError(f"ignore={ignored} names {absent[0]}, which is not there; the layers are {there}")
    return [module for module in modules if module.name not in left_out], lines


def _check_finite(tensors: Mapping[str, torch.Tensor]) -> None:
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            wrong = int((~tensor.isfinite()).sum())
            raise ValueError(f"{name} has {wrong} numbers that are not finite, so it is of a training that broke down")
        if not tensor.is_floating_point() and name.rpartition(".")[2] in ("weight", "bias"):
            raise ValueError(f"{name} is {tensor.dtype}, so it is of a quantized network; give weights in floats")


def grouped(tensors: Mapping[str, torch.Tensor]) -> list[Module]:
    """Tensors by the layer whose name they share; what is no part of a layer counts as one of its own name."""
    layers: dict[str, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        owner, _, own = name.rpartition(".")
        if own not in IGNORED:
            layer = owner or ("" if own in PARTS else own)
            layers.setdefault(layer, {})[own] = tensor.float() if tensor.is_floating_point() else tensor
    return [Module(name, _kind(own), own) for name, own in layers.items()]


def _kind(tensors: Mapping[str, torch.Tensor]) -> str:
    names = set(tensors)
    dimensions = tensors["weight"].dim() if "weight" in names else 0
    if dimensions in (2, 4) and names <= {"weight", "bias"}:
        return "linear" if dimensions == 2 else "conv"
    return (
        "norm"
        if {"running_mean", "running_var"} <= names <= {"running_mean", "running_var", "weight", "bias"}
        else "unknown"
    )


def _mapped(modules: list[Module], file: Path) -> list[Module]:
    try:
        order = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(
            f"map={file} cannot be read as JSON; give a file with a list of the names of layers"
        ) from error
    known = {module.name: module for module in modules}
    if not isinstance(order, list) or not all(isinstance(name, str) for name in order) or len(set(order)) < len(order):
        raise ValueError(
            f'map={file} is not a list of different names, as in ["fc1", "fc2"]; the layers are {", ".join(known)}'
        )
    missing = [name for name in order if name not in known]
    if missing:
        raise ValueError(f"map={file} names {missing[0]}, which is not there; the layers are {', '.join(known)}")
    return [known[name] for name in order]


def _natural(name: str) -> list[tuple[int, int, str]]:
    """By numbers where there are numbers: layer 2 before layer 10."""
    return [(0, int(text), "") if text.isdigit() else (1, 0, text) for text in re.split(r"(\d+)", name) if text]
