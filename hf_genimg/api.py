"""The package from Python: `load`, `train` and `evaluate`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from .pipelines.loading import load
from .recipes import recipe_class
from .training.recipe import Recipe
from .training.trainer import train as train_recipe

__all__ = ["evaluate", "load", "train"]


def train(recipe: str | Path | Recipe, out: str | Path | None = None, *, progress: bool = True, **fields: Any) -> Any:
    """Train a recipe and return its pipeline; the same call again goes on where the last one stopped.

    recipe: a name from `hf-genimg list recipes`, a .py file that defines one, or a Recipe. out: the run's folder, by default
    `runs/<recipe>`. fields: any field of the recipe. Raises `ValueError`, before anything is written, for what does not go together.
    """
    chosen = recipe if isinstance(recipe, Recipe) else recipe_class(recipe)()
    chosen = chosen.override(**fields)
    out = Path("runs") / chosen.name if out is None else Path(out)
    start = partial(_networks_of, chosen.init) if chosen.init is not None else None
    return train_recipe(chosen, out, init_networks=start, progress=progress)


def evaluate(source: str | Path, reference: str | Path, **settings: Any) -> Any:
    """Score a model or a set of images against a reference: see `hf_genimg.evaluation.evaluate.evaluate`, which this calls."""
    from .evaluation.evaluate import evaluate as measure  # here, for it takes torch-fidelity and torchvision along

    return measure(source, reference, **settings)


def _networks_of(model: str) -> Mapping[str, nn.Module]:
    """The networks of the model that a run starts from."""
    return {name: part for name, part in load(model).components.items() if isinstance(part, nn.Module)}
