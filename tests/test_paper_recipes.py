"""Recipes of published settings: what they say, and networks of the published size."""

from __future__ import annotations

import pytest
import torch

from hf_genimg.recipes import recipe_class, recipe_names

PUBLISHED = {  # recipes.md of the references: parameters of generator and discriminator in colour and for ten classes, updates, turns
    "sngan_paper": (4_276_739, 1_053_825),
    "wgan_gp_paper": (4_276_739, 1_053_825),
    "cgan_projection_paper": (4_304_387, 1_055_105),
    "sagan_paper": (4_386_308, 1_075_586),
    "biggan_paper": (9_416_196, 2_415_170),
    "biggan_deep_paper": (4_599_876, 415_010),
}
UPDATES, TURNS, BATCH = 100_000, 5, 64


def test_every_published_setting_is_checked() -> None:
    assert set(PUBLISHED) == {name for name in recipe_names() if name.endswith("_paper")}


@pytest.mark.parametrize("name", PUBLISHED)
def test_networks_have_the_published_size(name: str) -> None:
    recipe = recipe_class(name)().override(image_channels=3)
    with torch.device("meta"):
        networks = recipe.networks()
    counts = {key: sum(parameter.numel() for parameter in network.parameters()) for key, network in networks.items()}
    assert (counts["generator"], counts["discriminator"]) == PUBLISHED[name]


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_run_has_the_published_length_and_rates(name: str) -> None:
    recipe = recipe_class(name)()
    recipe.check()
    assert (recipe.n_critic, recipe.batch_size, recipe.images) == (TURNS, BATCH, UPDATES * TURNS * BATCH)
    rates = {key: made.param_groups[0]["lr"] for key, made in recipe.optimizers(recipe.smoke().override(image_channels=1).models()).items()}
    assert rates == {"generator": 2e-4, "discriminator": 2e-4}


def test_the_average_of_biggan_has_the_published_decay() -> None:
    """0.9999 for each update of the generator, which takes 320 images here."""
    recipe = recipe_class("biggan_paper")()
    assert 0.5 ** (recipe.n_critic * recipe.batch_size / recipe.ema_half_life) == pytest.approx(0.9999, abs=1e-8)
