"""A run's state on disk: safetensors and JSON, whole or not there.

`state/<images>/` is written beside its final name and renamed; `state/current` is one small file that names the valid
one and is replaced in one step, after everything it points to has reached the disk. So a kill at any moment leaves
either the old state or the new.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

POINTER = "current"
Tensors = dict[str, dict[str, torch.Tensor]]  # file name -> tensor name -> tensor


def save_checkpoint(state_dir: Path, images: int, tensors: Tensors, facts: dict[str, Any]) -> None:
    """Write a checkpoint and make it the current one; the previous is removed afterwards."""
    partial = state_dir / f"{images}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for name, group in tensors.items():
        save_file(
            {key: value.detach().cpu().contiguous() for key, value in group.items()}, partial / f"{name}.safetensors"
        )
    write_durably(partial / "state.json", json.dumps({**facts, "files": sorted(tensors)}, indent=2))
    for file in partial.iterdir():
        _flush(file)
    final = state_dir / str(images)
    shutil.rmtree(final, ignore_errors=True)  # left by a kill between the two renames, and not pointed to
    partial.rename(final)
    _flush(state_dir)
    write_durably(state_dir / POINTER, final.name)
    remove_leftovers(state_dir)


def current_checkpoint(state_dir: Path) -> Path | None:
    """The folder of the valid checkpoint, or None when there is none yet."""
    pointer = state_dir / POINTER
    return state_dir / pointer.read_text().strip() if pointer.exists() else None


def load_checkpoint(folder: Path) -> tuple[Tensors, dict[str, Any]]:
    """The tensors and facts of a checkpoint; `ValueError` when the disk has damaged it."""
    try:
        facts = json.loads((folder / "state.json").read_text())
        return {name: load_file(folder / f"{name}.safetensors") for name in facts["files"]}, facts
    except (OSError, KeyError, json.JSONDecodeError, SafetensorError) as error:
        raise ValueError(f"the checkpoint {folder} cannot be read ({error}); train into another --out") from error


def remove_leftovers(state_dir: Path) -> None:
    """Delete every state but the current one: older ones, and what a kill left half-written."""
    current = current_checkpoint(state_dir)
    for entry in state_dir.iterdir():
        if entry.is_dir() and entry != current:
            shutil.rmtree(entry)


def write_durably(path: Path, text: str) -> None:
    """Replace a small file in one step: readers see the old text or the new, also after a power cut."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    _flush(partial)
    os.replace(partial, path)
    _flush(path.parent)


def _flush(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows neither needs nor allows this
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def optimizer_tensors(optimizer: Any) -> dict[str, torch.Tensor]:
    """An optimizer's state as flat tensors `<parameter index>/<name>`. Settings are not in it: they come from the
    recipe.
    """
    state = optimizer.state_dict()["state"]
    return {
        f"{index}/{name}": torch.as_tensor(value) for index, entries in state.items() for name, value in entries.items()
    }


def restore_optimizer(optimizer: Any, tensors: dict[str, torch.Tensor]) -> None:
    """Put back what `optimizer_tensors` gave, in the memory layout of the parameters: fused kernels ask for that."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split("/", 1)
        like = parameters[int(index)]
        state.setdefault(int(index), {})[name] = (
            torch.empty_like(like).copy_(value) if value.shape == like.shape else value
        )
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
