"""Which recipes stand for all others: one for each objective and mould of networks; the rest is tested under `slow`."""

from __future__ import annotations

import pytest
import torch

from hf_genimg.recipes import recipe_class, recipe_names


def mould_of(name: str) -> tuple[str, ...]:
    """What a recipe shares with others: its objective, the base class of its published network, and its conditions."""
    recipe = recipe_class(name)().smoke()
    with torch.device("meta"):
        networks = recipe.override(image_channels=1).networks()
    published = networks[recipe.published[0]]
    return type(recipe.objective()).__name__, type(published).__bases__[0].__name__, *published.conditions


def representatives() -> dict[tuple[str, ...], str]:
    """The first recipe of each mould; one with published numbers stands for none."""
    found: dict[tuple[str, ...], str] = {}
    for name in recipe_names():
        if not name.endswith("_paper"):
            found.setdefault(mould_of(name), name)
    return found


REPRESENTATIVES = sorted(representatives().values())
# Each recipe; those that stand for none of the others in the slow suite only.
ONE_A_MOULD = [
    name if name in REPRESENTATIVES else pytest.param(name, marks=pytest.mark.slow) for name in recipe_names()
]
