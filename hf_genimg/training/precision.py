"""Which precision a run computes in, where its recipe leaves that to the device."""

from __future__ import annotations

from pathlib import Path

from .checkpoint import current_checkpoint, load_checkpoint
from .device import bf16_is_quicker
from .recipe import Recipe

AUTO = "auto"


def chosen_precision(recipe: Recipe, state_dir: Path) -> str:
    """The precision of a run: `no`, `bf16` or `fp16`, as the recipe has it.

    With `auto` the one that the run in `state_dir` began with, on whatever device; of a new run bf16 where the device
    is quicker with it, and `no` elsewhere.
    """
    if recipe.mixed_precision != AUTO:
        return recipe.mixed_precision
    folder = current_checkpoint(state_dir)
    if folder is not None:
        return load_checkpoint(folder, ["precision"])[1]["precision"]
    return "bf16" if bf16_is_quicker() else "no"
