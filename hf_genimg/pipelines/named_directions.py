"""Directions in latent space that have a name, such as `slant`, and the file that holds those of a model."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save

from ..faults import read_errors, reason

FILE = "directions.safetensors"
SPACES = ("z", "w")
LONGEST_NAME, LONGEST_NOTE = 40, 300  # letters
LARGEST_FILE = 2**26  # bytes
KEY = "hf_genimg"  # of the metadata


@dataclass(frozen=True, eq=False)
class NamedDirection:
    """A direction along which one property of the images changes.

    vector: float32 [D]; added once to latents, it moves them by one standard deviation of latents along it. space: `z`,
    the network's latents, or `w`, styles, for a network that has them; D is `latent_dim` or `style_dim`. found: how it
    was found, in words.
    """

    vector: torch.Tensor
    space: str = "z"
    found: str = ""


def dimensions(network: Any) -> dict[str, int]:
    """The length of directions in each space that a network has; empty where its latents are tokens."""
    latents = network.sample_latents(1, torch.Generator().manual_seed(0))
    lengths = {"z": latents.shape[1]} if latents.is_floating_point() and latents.dim() == 2 else {}
    return lengths | ({} if network.style_shape is None else {"w": network.style_shape[-1]})


def check_name(name: Any) -> None:
    """Raise `ValueError` unless a direction can be called so."""
    text = isinstance(name, str) and name == name.strip() and name.isprintable() and "=" not in name
    if not text or not 0 < len(name) <= LONGEST_NAME or name.startswith("__"):
        raise ValueError(f"{name!r:.60} cannot be the name of a direction; use 1 to {LONGEST_NAME} letters without =")


def check_direction(name: Any, direction: Any, lengths: Mapping[str, int]) -> None:
    """Raise `ValueError` unless this is a direction of a network with latents of these lengths."""
    check_name(name)
    if not isinstance(direction, NamedDirection):
        raise ValueError(f"the direction {name!r} is {type(direction).__name__}; give a NamedDirection")
    if direction.space not in lengths:
        allowed = ", ".join(lengths) or "none, for its latents are tokens"
        raise ValueError(f"the direction {name!r} is in the space {direction.space!r:.20}; this model has {allowed}")
    vector, length = direction.vector, lengths[direction.space]
    if not isinstance(vector, torch.Tensor) or vector.dtype != torch.float32 or tuple(vector.shape) != (length,):
        given = f"{vector.dtype} {list(vector.shape)}" if isinstance(vector, torch.Tensor) else type(vector).__name__
        raise ValueError(f"the direction {name!r} is {given}; it must be torch.float32 [{length}]")
    if not bool(torch.isfinite(vector).all()) or not bool(vector.any()):
        raise ValueError(f"the direction {name!r} holds NaN, infinity or only zeros")
    note = direction.found
    if not isinstance(note, str) or len(note) > LONGEST_NOTE or not (note.isprintable() or not note):
        raise ValueError(f"how the direction {name!r} was found must be one line of at most {LONGEST_NOTE} letters")


def write_directions(path: str | os.PathLike[str], directions: Mapping[str, NamedDirection]) -> Path:
    """Write directions as safetensors, at once or not at all; the metadata hold order, spaces and how each was found.

    Raises `ValueError` where there are none.
    """
    if not directions:
        raise ValueError("there are no directions to write; find one first")
    path = Path(path)
    tensors = {name: each.vector.detach().cpu().contiguous().clone() for name, each in directions.items()}
    notes = [{"name": name, "space": each.space, "found": each.found} for name, each in directions.items()]
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_bytes(save(tensors, metadata={KEY: json.dumps({"directions": notes})}))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def read_directions(path: str | os.PathLike[str], lengths: Mapping[str, int]) -> dict[str, NamedDirection]:
    """The directions in a file, in their order.

    Args:
        lengths: of the directions of each space, as `dimensions` gives them.

    Raises:
        ValueError: the file is damaged, or holds what is no direction of a network with such latents; in one line.
    """
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ValueError(f"it has more than {LARGEST_FILE >> 20} MiB")
        content = path.read_bytes()
        tensors = load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        notes = json.loads(header["__metadata__"][KEY])["directions"]
        found = {note["name"]: NamedDirection(tensors[note["name"]], note["space"], note["found"]) for note in notes}
        if len(found) != len(notes) or set(found) != set(tensors):
            raise ValueError("its tensors are not those that its metadata name")
        for name, direction in found.items():
            check_direction(name, direction, lengths)
    except read_errors() as error:
        raise ValueError(
            f"{path} is damaged ({reason(error)}); get the model again, or remove the file to use it without directions"
        ) from error
    return found


def check_strengths(strengths: Any, known: Mapping[str, NamedDirection]) -> dict[str, float]:
    """How far to move along named directions, as floats. Raises `ValueError` for another name, or what is no number."""
    if not isinstance(strengths, Mapping):
        raise ValueError(f"directions={strengths!r:.60} is not possible; give a dict such as {{'slant': 2.0}}")
    for name, strength in strengths.items():
        if name not in known:
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise ValueError(f"this model has no direction called {name!r:.60}; {has}")
        number = isinstance(strength, int | float) and not isinstance(strength, bool)
        if not number or not math.isfinite(strength):
            raise ValueError(f"the strength {strength!r:.40} of the direction {name!r} is no number")
    return {name: float(strength) for name, strength in strengths.items()}
