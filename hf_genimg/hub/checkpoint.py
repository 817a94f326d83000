"""Foreign checkpoints: read without running anything of theirs, unwrapped, and grouped into layers."""

from __future__ import annotations

import json
import pickle
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

SUFFIXES = (".pth", ".pt", ".bin", ".ckpt", ".safetensors")
WRAPPERS = (
    "state_dict",
    "model_state_dict",
    "model",
    "net",
    "network",
    "weights",
    "params_ema",
    "params",
)  # dicts around a state dict
PREFIXES = (
    "module.",
    "_orig_mod.",
    "model.",
    "net.",
    "network.",
)  # of all names, by DataParallel, torch.compile and wrapping modules
IGNORED = "num_batches_tracked"


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


def read_modules(path: Path, names: tuple[str, ...], part: str | None, mapping: str | None) -> list[Module]:
    """The layers of a checkpoint, in their order.

    names: those that the wanted network goes by, where a file holds several. part: the one to take instead. mapping: a
    JSON file with the names of the layers in the order in which data pass through them.
    """
    modules = grouped(unwrapped(read_tensors(path), names, part))
    if mapping is not None:
        return _mapped(modules, Path(mapping))
    return sorted(modules, key=lambda module: _natural(module.name)) if path.suffix == ".safetensors" else modules


def read_tensors(path: Path) -> dict[str, Any]:
    """What a file holds; `ValueError` where it holds more than tensors and plain containers, of which nothing is run."""
    if path.suffix not in SUFFIXES:
        raise ValueError(
            f"{path} is no checkpoint that can be converted; give a file that ends in {', '.join(SUFFIXES)}"
        )
    if not path.is_file():
        raise FileNotFoundError(f"{path} is no file; give a checkpoint")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of torch, about the protocol of a pickle
            content = (
                load_file(path)
                if path.suffix == ".safetensors"
                else torch.load(path, map_location="cpu", weights_only=True)
            )
    except pickle.UnpicklingError as error:
        found = re.search(r"GLOBAL ([\w.]+)|global:? ([\w.]+)", str(error))
        what = f" ({found[1] or found[2]})" if found else ""
        raise ValueError(
            f"{path} holds more than tensors{what}, and nothing of it was run; save its state_dict() alone"
        ) from error
    except (SafetensorError, RuntimeError, EOFError, OSError) as error:
        raise ValueError(f"{path} cannot be read as a checkpoint: {' '.join(str(error).split())[:120]}") from error
    if not isinstance(content, Mapping):
        raise ValueError(f"{path} holds a {type(content).__name__}, not a state dict; save its state_dict()")
    return dict(content)


def unwrapped(content: Mapping[str, Any], names: tuple[str, ...], part: str | None) -> dict[str, torch.Tensor]:
    """The state dict within: out of dicts around it, of its siblings, and without prefixes."""
    tensors = {str(name): value for name, value in content.items() if isinstance(value, torch.Tensor)}
    inner = {str(name): value for name, value in content.items() if isinstance(value, Mapping) and _tensors_in(value)}
    chosen = next((name for name in ([part] if part else [*WRAPPERS, *names]) if name in inner), None)
    if part is None and chosen is None and len(inner) == 1 and not tensors:
        chosen = next(iter(inner))
    if chosen is not None:
        return unwrapped(inner[chosen], names, None)
    if not tensors and (wrapper := next((name for name in WRAPPERS if name in inner), None)):
        return unwrapped(inner[wrapper], names, part)
    tensors = _without_prefixes(tensors)
    heads = {name.partition(".")[0] for name in tensors}
    wanted = next((name for name in ([part] if part else names) if name in heads), None)
    if wanted is not None:
        return _without_prefixes(
            {name.partition(".")[2]: value for name, value in tensors.items() if name.partition(".")[0] == wanted}
        )
    if part is not None or not tensors:
        there = ", ".join(sorted(set(inner) | heads)) or "nothing"
        raise ValueError(
            f"the checkpoint has no part {part or 'with tensors'}; it holds {there}; choose one with part=NAME"
        )
    return tensors


def _tensors_in(value: Mapping[str, Any]) -> bool:
    return any(
        isinstance(each, torch.Tensor) or (isinstance(each, Mapping) and _tensors_in(each)) for each in value.values()
    )


def _without_prefixes(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    for prefix in PREFIXES:
        if tensors and all(name.startswith(prefix) for name in tensors):
            return _without_prefixes({name.removeprefix(prefix): value for name, value in tensors.items()})
    return tensors


def grouped(tensors: Mapping[str, torch.Tensor]) -> list[Module]:
    """Tensors by the layer whose name they share."""
    layers: dict[str, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        owner, _, own = name.rpartition(".")
        if own != IGNORED:
            layers.setdefault(owner, {})[own] = tensor.float() if tensor.is_floating_point() else tensor
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
    except (OSError, ValueError) as error:
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
