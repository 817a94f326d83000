"""Recipes of published settings: what they say, and networks of the published size."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
import torch

from hf_genimg.objectives.regularizers import Context
from hf_genimg.recipes import recipe_class, recipe_names

PUBLISHED = {  # recipes.md of the references: parameters of generator and discriminator in colour and for ten classes
    "sngan_paper": (4_276_739, 1_053_825),
    "wgan_gp_paper": (4_276_739, 1_053_825),
    "cgan_projection_paper": (4_304_387, 1_055_105),
    "sagan_paper": (4_386_308, 1_075_586),
    "biggan_paper": (9_416_196, 2_415_170),
    "biggan_deep_paper": (4_599_876, 415_010),
    # FastGAN's 29,127,846 without its output of 128 pixels and the second halves of its compound blocks
    "projected_gan_paper": (24_037_600, 10_331_328),
    "r3gan_paper": (20_781_952, 21_280_512),
    "acgan_paper": (2_993_763, 1_663_883),  # counted from the layers of its table 2
    "infogan_paper": (6_647_168, 6_692_877),  # likewise from table 1, in colour
}
LENGTH = dict.fromkeys(PUBLISHED, (5, 64, 100_000 * 5 * 64)) | {  # turns, batch, images
    "projected_gan_paper": (1, 64, 10_000_000),
    "r3gan_paper": (1, 512, 250_000_000),
    "acgan_paper": (1, 100, 50_000 * 100),
    "infogan_paper": (1, 128, 5_000 * 128),
}


# The same of recipes that came later, in the facts of their family:
# PUBLISHED = {recipe: {"parameters": {network: count}, "length": (n_critic or 1, batch size, images)}}
IN_FACTS = {
    name: published
    for file in sorted((Path(__file__).parent / "models/facts").glob("*.py"))
    for name, published in runpy.run_path(str(file)).get("PUBLISHED", {}).items()
}


def test_every_published_setting_is_checked() -> None:
    assert {*PUBLISHED, *IN_FACTS} == {name for name in recipe_names() if name.endswith("_paper")}


@pytest.mark.parametrize("name", IN_FACTS)
def test_published_settings_of_a_family_are_as_its_facts_say(name: str) -> None:
    recipe = recipe_class(name)().override(image_channels=3)
    recipe.check()
    with torch.device("meta"):
        networks = recipe.networks()
    counts = {key: sum(parameter.numel() for parameter in network.parameters()) for key, network in networks.items()}
    assert counts == IN_FACTS[name]["parameters"]
    assert (getattr(recipe, "n_critic", 1), recipe.batch_size, recipe.images) == tuple(IN_FACTS[name]["length"])


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
    assert (recipe.n_critic, recipe.batch_size, recipe.images) == LENGTH[name]
    rates = {
        key: made.param_groups[0]["lr"]
        for key, made in recipe.optimizers(recipe.smoke().override(image_channels=1).models()).items()
    }
    assert rates == {"generator": 1e-3 if name == "infogan_paper" else 2e-4, "discriminator": 2e-4}


def test_the_average_of_biggan_has_the_published_decay() -> None:
    """0.9999 for each update of the generator, which takes 320 images here."""
    recipe = recipe_class("biggan_paper")()
    assert 0.5 ** (recipe.n_critic * recipe.batch_size / recipe.ema_half_life) == pytest.approx(0.9999, abs=1e-8)


def tunable(recipe: Any) -> torch.optim.Optimizer:
    """The generator's optimizer, as a run has it."""
    optimizer = recipe.optimizers(recipe.smoke().override(image_channels=1).models())["generator"]
    optimizer.param_groups[0]["initial_lr"] = optimizer.param_groups[0]["lr"]
    return optimizer


def test_what_moves_in_the_burn_in_of_r3gan_moves_as_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cosine over 20 million images: rate 2e-4 to 5e-5, gamma 0.05 to 0.005, beta2 0.9 to 0.99, probability of
    augmentation 0 to 0.55.
    """
    recipe = recipe_class("r3gan_paper")()
    penalty, augment = recipe.penalties()[0], recipe.augmentations()[0]
    optimizer = tunable(recipe)
    monkeypatch.setattr("hf_genimg.objectives.regularizers.zero_centered", lambda *_: 1.0)
    context = Context(None, {}, {}, None, torch.ones(1), torch.ones(1), None, torch.ones(1))
    for images, share in (
        (0, 0.0),
        (5_000_000, 0.5 - 0.5**1.5),
        (10_000_000, 0.5),
        (20_000_000, 1.0),
        (90_000_000, 1.0),
    ):
        recipe.tune(optimizer, images)
        for part in (penalty, augment):
            part.updates.fill_(images // recipe.batch_size - (part is augment))
        augment.move()
        gamma = penalty.discriminator(context)["r1"].item()
        assert optimizer.param_groups[0]["lr"] == pytest.approx(2e-4 - 1.5e-4 * share)
        assert gamma == pytest.approx(0.05 - 0.045 * share, rel=1e-3)
        assert optimizer.param_groups[0]["betas"] == (0, pytest.approx(0.9 + 0.09 * share, rel=1e-4))
        assert augment.probability.item() == pytest.approx(0.55 * share, abs=1e-3)
