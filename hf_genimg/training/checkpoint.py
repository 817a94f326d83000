"""A run's state on disk: safetensors and JSON with checksums, whole or not there.

`state/<images>/` is written beside its final name and renamed; `state/current` is one small file that names the valid
one and is replaced in one step, after everything it points to has reached the disk. So a kill at any moment leaves
either the old state or the new.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from ..faults import read_errors, reason

POINTER, STATE = "current", "state.json"
CHECKSUM = "its sha256 is not the one that was written"
Tensors = dict[str, dict[str, torch.Tensor]]  # file name -> tensor name -> tensor


def save_checkpoint(state_dir: Path, images: int, tensors: Tensors, facts: dict[str, Any]) -> None:
    """Write a checkpoint and make it the current one; the previous is removed afterwards."""
    partial = state_dir / f"{images}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        digest = _fill(partial, tensors, facts)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)  # of a full disk, it is the last thing that should stay
        raise
    final = state_dir / str(images)
    shutil.rmtree(final, ignore_errors=True)  # left by a kill between the two renames, and not pointed to
    partial.rename(final)
    _flush(state_dir)
    write_durably(state_dir / POINTER, f"{final.name}\n{digest}\n")
    remove_leftovers(state_dir)


def _fill(folder: Path, tensors: Tensors, facts: dict[str, Any]) -> str:
    """Write the files of a checkpoint to the disk; returns the sha256 of its state.json."""
    for name, group in tensors.items():
        save_file(
            {key: value.detach().cpu().contiguous() for key, value in group.items()}, folder / f"{name}.safetensors"
        )
    files = {name: digest_of_file(folder / f"{name}.safetensors") for name in sorted(tensors)}
    write_durably(folder / STATE, json.dumps({**facts, "files": files}, indent=2))
    for file in folder.iterdir():
        _flush(file)
    return digest_of_file(folder / STATE)


def current_checkpoint(state_dir: Path) -> Path | None:
    """The folder of the valid checkpoint, or None when there is none yet."""
    name = _pointed_to(state_dir)[0]
    return state_dir / name if name else None


def _pointed_to(state_dir: Path) -> tuple[str, str]:
    """The name of the valid checkpoint and the sha256 of its state.json; empty where there is none, or where it was
    written before there were checksums.

    Raises `ValueError` when the pointer names no checkpoint.
    """
    pointer = state_dir / POINTER
    if not pointer.exists():
        return "", ""
    try:
        name, _, digest = pointer.read_text(encoding="utf-8").strip().partition("\n")
    except read_errors() as error:
        raise ValueError(_damaged(pointer, reason(error))) from error
    if not name.isdigit() or not (state_dir / name).is_dir():
        raise ValueError(_damaged(pointer, "it names no checkpoint"))
    return name, digest


def load_checkpoint(folder: Path, required: Iterable[str] = ()) -> tuple[Tensors, dict[str, Any]]:
    """The tensors and facts of the current checkpoint.

    required: names of facts that must be there. Raises `ValueError` that names the file when the disk has damaged one,
    and says what is still good.
    """
    file = folder / STATE
    try:
        digest = _pointed_to(folder.parent)[1]
        if digest and digest_of_file(file) != digest:
            raise ValueError(CHECKSUM)
        facts = json.loads(file.read_text(encoding="utf-8"))
        missing = [name for name in (*required, "files") if name not in facts]
        if missing:
            raise ValueError(f"it lacks {', '.join(missing)}")
        tensors, digests = {}, facts["files"]  # a list in a state without checksums
        for name in digests:
            file = folder / f"{name}.safetensors"
            if isinstance(digests, dict) and digest_of_file(file) != digests[name]:
                raise ValueError(CHECKSUM)
            tensors[name] = load_file(file)
    except read_errors() as error:
        raise ValueError(_damaged(file, reason(error))) from error
    return tensors, facts


def _damaged(file: Path, reason: str) -> str:
    run = next((parent.parent for parent in file.parents if parent.name == "state"), file.parent)
    whole = (run / "pipeline" / "model_index.json").is_file()
    kept = f"the last published pipeline is in {run / 'pipeline'}: begin with init={run} " if whole else "train "
    return f"{file} is damaged ({reason}), so this run cannot go on; {kept}in another --out"


def digest_of_file(file: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def digest_of(network: nn.Module) -> str:
    """The sha256 of the names, shapes and values of a network's tensors."""
    hasher = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        values = tensor.detach().cpu().contiguous()
        hasher.update(f"{name} {values.dtype} {list(values.shape)}\n".encode())
        hasher.update(values.reshape(-1).view(torch.uint8).numpy())
    return hasher.hexdigest()


def remove_leftovers(state_dir: Path) -> None:
    """Delete every state but the current one: older ones, and what a kill left half-written."""
    current = current_checkpoint(state_dir)
    for entry in state_dir.iterdir():
        if entry.is_dir() and entry != current:
            shutil.rmtree(entry)


def write_durably(path: Path, text: str) -> None:
    """Replace a small file in one step: readers see the old text or the new, also after a power cut."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        _flush(partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)  # of a disk that is full
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
