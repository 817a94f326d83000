"""Recipes of published settings: what they say, and networks of the published size."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from hf_genimg.recipes import recipe_class, recipe_names

PUBLISHED = {  # recipes.md of the references: parameters of generator and discriminator in colour and for ten classes
    "sngan_paper": (4_276_739, 1_053_825),
    "wgan_gp_paper": (4_276_739, 1_053_825),
    "cgan_projection_paper": (4_304_387, 1_055_105),
    "sagan_paper": (4_386_308, 1_075_586),
    "biggan_paper": (9_416_196, 2_415_170),
    "biggan_deep_paper": (4_599_876, 415_010),
    "r3gan_paper": (20_781_952, 21_280_512),
    "acgan_paper": (2_993_763, 1_663_883),  # counted from the layers of its table 2
    "cgan_paper": (4_297_152, 3_105_951),  # counted from its section 4.1, in colour
    "infogan_paper": (6_647_168, 6_692_877),  # likewise from table 1, in colour
}
LENGTH = dict.fromkeys(PUBLISHED, (5, 64, 100_000 * 5 * 64)) | {  # turns, batch, images
    "r3gan_paper": (1, 512, 250_000_000),
    "acgan_paper": (1, 100, 50_000 * 100),
    "cgan_paper": (1, 100, 288_000 * 100),
    "infogan_paper": (1, 128, 5_000 * 128),
}


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
    assert (recipe.n_critic, recipe.batch_size, recipe.images) == LENGTH[name]
    rates = {key: made.param_groups[0]["lr"] for key, made in recipe.optimizers(recipe.smoke().override(image_channels=1).models()).items()}
    expected = {"infogan_paper": (1e-3, 2e-4), "cgan_paper": (0.1, 0.1)}.get(name, (2e-4, 2e-4))
    assert rates == dict(zip(("generator", "discriminator"), expected, strict=True))


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
    """Half a cosine over 20 million images: rate 2e-4 to 5e-5, gamma 0.05 to 0.005, beta2 0.9 to 0.99, changes 0 to 0.55."""
    recipe = recipe_class("r3gan_paper")()
    penalty, augment = recipe.penalties()[0], recipe.augmentations()[0]
    optimizer = tunable(recipe)
    monkeypatch.setattr("hf_genimg.objectives.regularizers.zero_centred", lambda *_: 1.0)
    for images, share in ((0, 0.0), (5_000_000, 0.5 - 0.5**1.5), (10_000_000, 0.5), (20_000_000, 1.0), (90_000_000, 1.0)):
        recipe.tune(optimizer, images)
        for part in (penalty, augment):
            part.updates.fill_(images // recipe.batch_size - (part is augment))
        augment.move()
        gamma = penalty(None, torch.ones(1), torch.ones(1))["r1"].item()
        assert optimizer.param_groups[0]["lr"] == pytest.approx(2e-4 - 1.5e-4 * share)
        assert gamma == pytest.approx(0.05 - 0.045 * share, rel=1e-3)
        assert optimizer.param_groups[0]["betas"] == (0, pytest.approx(0.9 + 0.09 * share, rel=1e-4))
        assert augment.probability.item() == pytest.approx(0.55 * share, abs=1e-3)


def test_the_rate_and_the_momentum_of_the_first_conditional_gan_move_as_published() -> None:
    """The rate is divided by 1.00004 at each update, down to 1e-6; momentum goes from 0.5 to 0.7."""
    recipe = recipe_class("cgan_paper")()
    optimizer = tunable(recipe)
    seen = []
    for images in (0, 1_000_000, 15_000_000, 28_700_000, 40_000_000):
        recipe.tune(optimizer, images)
        seen.append([optimizer.param_groups[0][name] for name in ("lr", "momentum")])
    rates = [0.1, 0.1 / 1.00004**10_000, 0.1 / 1.00004**150_000, 0.1 / 1.00004**287_000, 1e-6]
    assert [rate for rate, _ in seen] == pytest.approx(rates)
    assert [momentum for _, momentum in seen] == pytest.approx([0.5, 0.5 + 0.2 / 15, 0.7, 0.7, 0.7])


def test_maxout_against_a_loop() -> None:
    from hf_genimg.models.cgan_maxout import _Maxout

    torch.manual_seed(0)
    layer, vectors = _Maxout(4, 3, 5), torch.rand(2, 4)
    values = layer(vectors)
    for row in range(2):
        for unit in range(3):
            pieces = [(layer.linear.weight[5 * unit + k] @ vectors[row] + layer.linear.bias[5 * unit + k]).item() for k in range(5)]
            assert values[row, unit].item() == pytest.approx(max(pieces), rel=1e-5)
