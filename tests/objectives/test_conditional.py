"""What networks are conditioned on in training."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import hf_genimg
from hf_genimg.cli import main
from hf_genimg.losses.adversarial import gan_loss
from hf_genimg.objectives.adversarial import Adversarial
from hf_genimg.objectives.base import Step
from hf_genimg.objectives.regularizers import GradientPenalty, ZeroCenteredPenalty
from hf_genimg.pipelines.provenance import read_provenance
from hf_genimg.recipes import recipe_class
from hf_genimg.training.loop import train

Networks = dict[str, torch.nn.Module]


@pytest.fixture
def networks() -> Networks:
    torch.manual_seed(0)
    size = {"image_size": 8, "num_classes": 3, "width": 8}
    return {
        "generator": hf_genimg.CGANMLPGenerator(**size, latent_dim=4),
        "discriminator": hf_genimg.CGANMLPDiscriminator(**size),
    }


def listen(networks: Networks) -> list[tuple[str, torch.Tensor]]:
    """(network, classes) of every forward from now on."""
    heard: list[tuple[str, torch.Tensor]] = []
    for name, network in networks.items():
        network.register_forward_pre_hook(
            lambda _, inputs, named, name=name: heard.append((name, named.get("class_labels", inputs[-1]))),
            with_kwargs=True,
        )
    return heard


def batch(*labels: int) -> dict[str, torch.Tensor]:
    return {"images": torch.rand(len(labels), 1, 8, 8) * 2 - 1, "labels": torch.tensor(labels)}


@pytest.mark.parametrize("reuse", [True, False])
@pytest.mark.parametrize("loss", ["hinge", "relativistic"])
def test_an_image_is_compared_within_its_class(loss: str, reuse: bool, networks: Networks) -> None:
    regularizers = [ZeroCenteredPenalty(1.0, on="fake"), GradientPenalty(1.0)]
    objective, heard = Adversarial(gan_loss(loss), regularizers, conditional=True), listen(networks)
    first, second = batch(0, 1, 2, 2), batch(2, 0, 1, 1)
    objective.begin(Step(player="discriminator", turn=0, reuse=reuse))
    objective.discriminator(networks, first)
    assert {name for name, _ in heard} == {"generator", "discriminator"} and len(heard) == 5
    assert all(torch.equal(labels, first["labels"]) for _, labels in heard)
    heard.clear()
    objective.begin(Step(player="generator", turn=1, reuse=reuse))
    objective.generator(networks, second)
    own = (
        second if loss == "relativistic" else first
    )  # fakes keep the classes they were made of, unless real images are there to match
    assert heard and all(torch.equal(labels, own["labels"]) for _, labels in heard)


@pytest.mark.parametrize("name", ["cgan", "cgan_mlp"])
def test_a_label_says_what_is_drawn(name: str, tmp_path: Path) -> None:
    train(recipe_class(name)().smoke(), tmp_path / "run", progress=False)
    pipe = hf_genimg.load(tmp_path / "run")
    assert pipe.capabilities.num_classes == 10
    three, seven = (pipe(seed=5, class_labels=label, output_type="pt").images for label in (3, 7))
    assert not torch.equal(three, seven)
    assert (
        main(["sample", str(tmp_path / "run"), "--label", "7", "--seed", "5", "--out", str(tmp_path / "seven.png")])
        == 0
    )
    assert read_provenance(tmp_path / "seven.png")["class_label"] == 7
    grid = read_provenance(next((tmp_path / "run/samples").iterdir()))
    assert grid["class_labels"] == [label for label in range(10) for _ in range(6)], "a row for each class"


def test_classes_are_those_of_the_data(tmp_path: Path) -> None:
    recipe = recipe_class("cgan_mlp")().smoke()
    with pytest.raises(ValueError, match="num_classes=4 is fewer than the 10 classes of data=digits"):
        train(recipe.override(num_classes=4), tmp_path / "few", progress=False)
    train(recipe.override(num_classes=12, images=8), tmp_path / "more", callbacks=[], progress=False)
    assert json.loads((tmp_path / "more/pipeline/generator/config.json").read_text())["num_classes"] == 12


def test_pictures_without_classes_are_refused(tmp_path: Path, tiny: Callable) -> None:
    from PIL import Image

    (tmp_path / "pictures").mkdir()
    for number in range(8):
        Image.new("L", (16, 16), 30 * number).save(tmp_path / f"pictures/{number}.png")
    with pytest.raises(ValueError, match="has no labels"):
        train(tiny("cgan_mlp", data=str(tmp_path / "pictures")), tmp_path / "run", progress=False)
