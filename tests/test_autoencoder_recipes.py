"""What the recipes of autoencoders have besides: fields that reach their objectives, and settings that are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from hf_genimg.objectives.disentangling import CapacityAnnealed
from hf_genimg.recipes import recipe_class, recipe_names
from hf_genimg.training.checkpoint import current_checkpoint
from hf_genimg.training.loop import train

VARIATIONAL = [name for name in recipe_names() if "kl_warmup_images" in recipe_class(name).__dataclass_fields__]


@pytest.mark.parametrize("name", VARIATIONAL)
def test_fields_reach_every_variational_objective(name: str) -> None:
    changes = {"likelihood": "gaussian", "sigma": None, "beta": 3.0, "kl_warmup_images": 1000}
    recipe = recipe_class(name)().override(**changes)
    objective = recipe.objective()
    assert (objective.beta, objective.kl_warmup_images, objective.likelihood.name) == (3.0, 1000, "gaussian")
    assert list(objective.state_dict()) == ["likelihood.squares", "likelihood.gathered"]
    refused = {"iwae": "not defined for importance weights", "beta_tc_vae": "not defined for the parts"}
    if name in refused:
        with pytest.raises(ValueError, match=refused[name]):
            recipe.override(free_bits=0.5).objective()
    else:
        assert recipe.override(free_bits=0.5).objective().free_bits == 0.5


def test_there_is_a_recipe_for_each_method() -> None:
    methods = {"mlp_vae", "conv_vae", "kl_vae", "beta_vae", "beta_tc_vae", "info_vae", "iwae", "factor_vae", "cvae"}
    assert methods == set(VARIATIONAL)


def test_the_capacity_of_beta_vae_can_be_left_out() -> None:
    recipe = recipe_class("beta_vae")()
    assert isinstance(recipe.objective(), CapacityAnnealed)
    plain = recipe.override(capacity=None, beta=4.0).objective()
    assert not isinstance(plain, CapacityAnnealed) and plain.beta == 4.0
    with pytest.raises(ValueError, match="capacity=0 must be above 0, or none"):
        recipe.override(capacity=0).check()


def test_beta_tc_vae_counts_the_images_of_its_data() -> None:
    recipe = recipe_class("beta_tc_vae")().smoke()
    dataset = recipe.dataset()
    assert recipe.fitted(dataset).objective().data_size == len(dataset)
    with pytest.raises(ValueError, match="data_size=4 must be at least batch_size=8, or none"):
        recipe.override(data_size=4).check()
    for name in ("beta_tc_vae", "info_vae", "wae"):
        with pytest.raises(ValueError, match="needs micro-batches of at least 2"):
            recipe_class(name)().override(micro_batch_size=1).check()


def test_a_learned_deviation_and_a_warm_up_resume_exactly(tmp_path: Path) -> None:
    changes = {"likelihood": "discretized_logistic", "sigma": None, "free_bits": 0.1, "kl_warmup_images": 48}
    recipe = recipe_class("mlp_vae")().smoke().override(**changes)
    train(recipe, tmp_path / "whole", callbacks=[], progress=False)
    train(recipe, tmp_path / "parts", callbacks=[], progress=False, stop_at=24)
    train(recipe, tmp_path / "parts", callbacks=[], progress=False)
    whole, parts = (
        {
            f"{file.name}:{key}": tensor
            for file in current_checkpoint(tmp_path / run / "state").glob("*.safetensors")
            for key, tensor in load_file(file).items()
        }
        for run in ("whole", "parts")
    )
    assert whole.keys() == parts.keys() and all(torch.equal(whole[key], parts[key]) for key in whole)
    assert whole["objective.safetensors:objective/likelihood.squares"].min() > 0
