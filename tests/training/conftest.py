"""Tiny runs of real recipes, and what they leave behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from hf_genimg.recipes import recipe_class
from hf_genimg.training.checkpoint import current_checkpoint
from hf_genimg.training.recipe import Recipe


@pytest.fixture
def tiny() -> Callable[..., Recipe]:
    """tiny("dcgan", images=32) is that recipe's smoke run with these fields."""
    return lambda name="mlp_gan", **fields: recipe_class(name)().smoke().override(**fields)


@pytest.fixture
def tensors_of() -> Callable[[Path], dict[str, Any]]:
    """Every tensor of a run's current state, by file and name."""

    def read(run: Path) -> dict[str, Any]:
        folder = current_checkpoint(run / "state")
        return {f"{file.name}:{key}": tensor for file in folder.glob("*.safetensors") for key, tensor in load_file(file).items()}

    return read


@pytest.fixture
def log_of() -> Callable[[Path], list[dict[str, Any]]]:
    """The lines of a run's log without what a stopwatch says."""

    def read(run: Path) -> list[dict[str, Any]]:
        records = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
        return [{key: value for key, value in record.items() if key != "images_per_second"} for record in records]

    return read
