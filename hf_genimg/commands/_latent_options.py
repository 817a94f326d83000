"""Options that name latents: lists of seeds, files of latents, strengths of named directions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..faults import read_errors, reason

NAMES = ("latents", "noise", "class_labels")  # of tensors in a file, which are the names of a call's arguments


def seeds_of(option: str, text: str) -> list[int]:
    """The seeds in a text such as 1,2,7."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError(
            f"{option} {text!r:.60} is no list of seeds; use whole numbers joined with commas, such as 1,2,7"
        )
    return [int(part) for part in parts]


def strengths_of(texts: list[str] | None) -> dict[str, float] | None:
    """The strength of each named direction in texts such as slant=2; None where there are none."""
    strengths: dict[str, float] = {}
    for text in texts or ():
        name, _, number = text.rpartition("=")
        try:
            strength = float(number)
        except ValueError:
            name = ""
        if not name:
            raise ValueError(f"--direction {text!r:.60} is not possible; use NAME=STRENGTH, such as slant=2")
        if name in strengths:
            raise ValueError(f"--direction {name} is given twice; give it once")
        strengths[name] = strength
    return strengths or None


def read_latents(path: Path) -> dict[str, Any]:
    """What `hf-genimg invert` wrote: latents, and perhaps noise and class labels, as the arguments of a call."""
    from safetensors.torch import load

    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist; give a file of latents, such as hf-genimg invert writes")
    try:
        tensors = load(path.read_bytes())
    except read_errors() as error:
        raise ValueError(f"{path} is no file of latents ({reason(error)}); give one of hf-genimg invert") from error
    others = sorted(set(tensors) - set(NAMES))
    if "latents" not in tensors or others or not len(tensors["latents"]):
        holds = ", ".join(tensors) or "nothing"
        raise ValueError(f"{path} holds {holds:.80}; it must hold latents, and may hold noise and class_labels")
    return tensors
