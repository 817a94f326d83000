"""De-identification by learning: who learns from what, what counts as the same person, and a run of the recipe."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

import hf_genimg
from hf_genimg import CycleGANDiscriminator, Embedder, NAFNetGenerator
from hf_genimg.features import load_features
from hf_genimg.losses.adversarial import gan_loss
from hf_genimg.objectives.deidentifying import Deidentifying, certainty
from hf_genimg.recipes import recipe_class

BLOCKS = {"encoder_blocks": [1], "middle_blocks": 1, "decoder_blocks": [1]}


@pytest.fixture
def networks() -> dict[str, torch.nn.Module]:
    torch.manual_seed(0)
    size = {"image_size": 16, "image_channels": 1}
    return {
        "generator": NAFNetGenerator(**size, input_channels=1, width=2, **BLOCKS),
        "discriminator": CycleGANDiscriminator(**size, width=2, stages=1),
        "attacker": Embedder(**size, num_classes=3, width=2, feature_dim=8),
        "embedder_0": load_features("digits"),
    }


@pytest.fixture
def batch() -> dict[str, torch.Tensor]:
    images = torch.rand(6, 1, 16, 16, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return {"images": images, "labels": torch.tensor([0, 1, 2, 0, 1, 2])}


def with_gradients(networks: dict[str, torch.nn.Module], terms: dict[str, torch.Tensor]) -> set[str]:
    sum(terms.values()).backward()
    return {
        name
        for name, network in networks.items()
        if any(weight.grad is not None and weight.grad.any() for weight in network.parameters())
    }


def test_each_player_learns_alone(networks: dict[str, torch.nn.Module], batch: dict[str, torch.Tensor]) -> None:
    objective = Deidentifying(gan_loss("non_saturating"))
    assert objective.players == ("discriminator", "attacker", "generator")
    for player in ("discriminator", "attacker"):
        for network in networks.values():
            network.zero_grad()
        assert with_gradients(networks, getattr(objective, player)(networks, batch)) == {player}
    terms = objective.generator(networks, batch)
    assert list(terms) == ["adversarial", "pooled", "l1", "smoothness", "identity", "attack"]
    weights = list(networks["generator"].parameters())
    for name, term in terms.items():
        found = torch.autograd.grad(term, weights, retain_graph=True, allow_unused=True)
        assert any(grad is not None and grad.any() for grad in found), f"{name} teaches the translator nothing"


def test_an_image_that_was_not_changed_is_the_same_person(batch: dict[str, torch.Tensor]) -> None:
    frozen = {
        "embedder_0": load_features("digits"),
        "generator": torch.nn.Identity(),
        "embedder_1": load_features("digits"),
    }
    objective = Deidentifying(gan_loss("hinge"))
    cosines = objective.cosines(frozen, batch["images"], batch["images"])
    torch.testing.assert_close(cosines, torch.ones(2, 6))
    assert objective.cosines(frozen, -batch["images"], batch["images"]).max() < 1


def test_certainty_is_nothing_for_equal_logits_and_grows_with_one() -> None:
    assert certainty(torch.full((2, 4), 3.0)).item() == pytest.approx(0, abs=1e-6)
    logits = torch.tensor([[1.0, 0.0]])
    by_hand = sum(0.5 * math.log(0.5 / p) for p in (math.e / (1 + math.e), 1 / (1 + math.e)))
    assert certainty(logits).item() == pytest.approx(by_hand, abs=1e-6)


def test_without_an_attacker_no_labels_are_needed() -> None:
    recipe = recipe_class("deidentifier")(attack_weight=0.0)
    assert not recipe.labelled and list(recipe.override(image_channels=1).models()) == ["generator", "discriminator"]
    assert recipe.objective().players == ("discriminator", "generator")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"data": "FACES"}, "embedders=None must name runs of the recipe embedder"),
        ({"image_size": 28}, "image_size=28 is no multiple of 8 from 16"),
        ({"threshold": 1.0}, "threshold=1.0 must be at least -1 and below 1"),
        ({"pooling": 64}, "pooling=64 must be from 1 to image_size=32"),
        ({"attack_weight": -1.0}, "attack_weight=-1.0 must be at least 0"),
    ],
)
def test_what_does_not_go_together_is_refused(fields: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        recipe_class("deidentifier")(**fields).check()


def test_a_run_with_an_embedder_translates(tmp_path: Path) -> None:
    embedder = recipe_class("embedder")().smoke().override(image_size=16)
    hf_genimg.train(embedder, tmp_path / "embedder", progress=False)
    recipe = recipe_class("deidentifier")().smoke().override(embedders=str(tmp_path / "embedder"))
    pipe = hf_genimg.train(recipe, tmp_path / "run", progress=False)
    assert recipe.frozen()["embedder_0"].name == str(tmp_path / "embedder")
    made = pipe(torch.zeros(2, 1, 24, 24), output_type="pt").images
    assert made.shape == (2, 1, 24, 24) and made.isfinite().all()
    assert set(pipe.components) & {"generator"} and not (tmp_path / "run" / "pipeline" / "attacker").exists()
