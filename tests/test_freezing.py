"""Transfer: which layers of a discriminator stay, in training and after a resume."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import hf_genimg
from hf_genimg.recipes import recipe_class
from hf_genimg.recipes._freezing import weights_of_layers
from hf_genimg.training.recipe import Recipe


def tiny(**fields: object) -> Recipe:
    return recipe_class("dcgan")().smoke().override(images=16, **fields)


def tensors(run: Path) -> dict[str, torch.Tensor]:
    return dict(hf_genimg.load(run).components["discriminator"].named_parameters())


def test_a_layer_is_a_weight_with_its_norm_and_bias() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Conv2d(2, 2, 3, bias=False), nn.Linear(2, 1))
    assert [len(layer) for layer in weights_of_layers(network)] == [4, 1, 2]


@pytest.mark.parametrize("freeze", [0, 2])
def test_the_first_layers_stay(freeze: int, tmp_path: Path) -> None:
    hf_genimg.train(tiny(seed=1), tmp_path / "first", progress=False)
    recipe = tiny(init=str(tmp_path / "first"), freeze=freeze)
    hf_genimg.train(recipe, tmp_path / "second", progress=False)
    hf_genimg.train(recipe.override(images=32), tmp_path / "second", progress=False)
    before, after = tensors(tmp_path / "first"), tensors(tmp_path / "second")
    layers = weights_of_layers(hf_genimg.load(tmp_path / "second").components["discriminator"])
    frozen = [parameter for layer in layers[:2] for parameter in layer]
    stayed = [name for name in before if torch.equal(before[name], after[name])]
    assert stayed == (list(before)[: len(frozen)] if freeze else [])


def test_what_cannot_be_frozen(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="freeze=2 needs init=, the model whose first layers stay"):
        tiny(freeze=2).check()
    with pytest.raises(ValueError, match="freeze=-1 must be at least 0"):
        tiny(freeze=-1).check()
    with pytest.raises(ValueError, match="freeze=1 is not for a discriminator on frozen features"):
        recipe_class("projected_gan")().override(freeze=1, init="x").check()
    hf_genimg.train(tiny(), tmp_path / "first", progress=False)
    with pytest.raises(ValueError, match=r"freeze=99 leaves nothing to train of the discriminator's \d layers"):
        hf_genimg.train(tiny(init=str(tmp_path / "first"), freeze=99), tmp_path / "second", progress=False)
    assert not (tmp_path / "second").exists()
