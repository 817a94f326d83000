"""Which precision a run computes in, where its recipe leaves that to the device."""

from __future__ import annotations

from pathlib import Path

import torch

from .checkpoint import current_checkpoint, load_checkpoint
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


def bf16_is_quicker() -> bool:
    """Whether the device has instructions for bfloat16; never by a stopwatch, so that a run repeats itself.

    A CPU without them emulates bfloat16, slower than float32. With AVX512-BF16, steps of the recipes take 0.5 to 0.9
    times as long (benchmarks/limit.py).
    """
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if torch.accelerator.is_available():
        return False
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
