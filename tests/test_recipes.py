"""Every recipe, by its smoke run: finite, resumed exactly, unchanged by callbacks, loadable. A new recipe is tested by
being there.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import hf_genimg
from hf_genimg.recipes import recipe_class, recipe_names
from hf_genimg.training.checkpoint import current_checkpoint
from hf_genimg.training.loop import train

from .moulds import ONE_A_MOULD

every_recipe = pytest.mark.parametrize("name", recipe_names())


every_recipe_again = pytest.mark.parametrize("name", ONE_A_MOULD)  # what families share; all of them under `slow`


def smoke(name: str, run: Path, **options: Any) -> Any:
    return train(recipe_class(name)().smoke(), run, progress=False, **options)


def state(run: Path) -> dict[str, torch.Tensor]:
    files = current_checkpoint(run / "state").glob("*.safetensors")
    return {f"{file.name}:{key}": tensor for file in files for key, tensor in load_file(file).items()}


def log(run: Path) -> list[dict[str, float]]:
    records = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [{key: value for key, value in record.items() if key != "images_per_second"} for record in records]


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a recipe's uninterrupted smoke run, trained once for all tests."""
    folder, done = tmp_path_factory.mktemp("runs"), set()

    def run(name: str) -> Path:
        if name not in done:
            smoke(name, folder / name)
            done.add(name)
        return folder / name

    return run


@every_recipe
def test_a_smoke_run_is_finite_and_complete(name: str, finished: Callable[[str], Path]) -> None:
    run = finished(name)
    records = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert all(math.isfinite(value) for record in records for value in record.values())
    assert any(key.startswith("held_out/") for key in records[-1])
    assert records[-1]["images"] >= recipe_class(name)().smoke().images
    assert {entry.name for entry in run.iterdir()} >= {
        "recipe.json",
        "log.jsonl",
        "state",
        "pipeline",
        "samples",
        "curve.png",
    }
    assert len(list((run / "samples").glob("*.png"))) == 2


@every_recipe_again
def test_training_changes_every_trained_network(name: str, finished: Callable[[str], Path], tmp_path: Path) -> None:
    smoke(name, tmp_path / "short", stop_at=1)
    early, late = state(tmp_path / "short"), state(finished(name))
    networks = {key.split("/")[0] for key in late if key.startswith("networks")}
    for network in networks:
        moved = [
            not torch.equal(early[key], late[key])
            for key in late
            if key.startswith(f"{network}/") and key.endswith("weight")
        ]
        assert all(moved), network


@every_recipe_again
def test_resumed_is_uninterrupted(name: str, finished: Callable[[str], Path], tmp_path: Path) -> None:
    smoke(name, tmp_path / name, stop_at=24)  # not on a checkpoint, a sample or a line of the log
    assert current_checkpoint(tmp_path / name / "state").name == "24"
    smoke(name, tmp_path / name)
    assert same(state(finished(name)), state(tmp_path / name))
    assert log(finished(name)) == log(tmp_path / name)
    for sample in (finished(name) / "samples").iterdir():
        assert sample.read_bytes() == (tmp_path / name / "samples" / sample.name).read_bytes()


@every_recipe_again
def test_callbacks_change_no_tensor(name: str, finished: Callable[[str], Path], tmp_path: Path) -> None:
    smoke(name, tmp_path / "run", callbacks=[])
    assert not (tmp_path / "run/samples").exists()
    assert same(state(finished(name)), state(tmp_path / "run"))


@every_recipe
def test_the_pipeline_is_the_averaged_network(name: str, finished: Callable[[str], Path]) -> None:
    run = finished(name)
    pipe = hf_genimg.load(run)
    tensors = state(run)
    for published in recipe_class(name).published:
        prefix = f"averages.safetensors:{published}/"
        averages = {key.removeprefix(prefix): tensor for key, tensor in tensors.items() if key.startswith(prefix)}
        assert same(averages, dict(pipe.components[published].state_dict())), published
    if pipe.capabilities.task == "classification":
        assert pipe.probabilities(three_inputs(pipe.network.config)).unique(dim=0).shape[0] == 3
        return
    translates = pipe.capabilities.task == "translation"
    images = (
        pipe(three_inputs(pipe.network.config), output_type="np", **style_for(pipe), **mask_for(pipe)).images
        if translates
        else pipe(num_images=3, seed=1, **prompt_for(pipe)).images
    )
    assert len({image.tobytes() for image in images}) == 3


def prompt_for(pipe: Any) -> dict[str, str]:
    """A prompt, where the pipeline takes one."""
    return {"prompt": pipe.network.config.examples[0]} if pipe.capabilities.text else {}


def style_for(pipe: Any) -> dict[str, torch.Tensor]:
    """A style, where the pipeline takes one."""
    return {"style": three_inputs(pipe.network.config)[2:]} if pipe.capabilities.style else {}


def mask_for(pipe: Any) -> dict[str, torch.Tensor]:
    """A mask that marks the middle, where the pipeline takes one."""
    size = pipe.network.config.image_size
    mask, middle = torch.zeros(1, 1, size, size), slice(3 * size // 8, 5 * size // 8)
    mask[..., middle, middle] = 1
    return {"mask": mask} if pipe.capabilities.mask else {}


def three_inputs(config: Any) -> torch.Tensor:
    """Of three grey levels, with a ramp, because instance norm takes levels alone away."""
    size, ramp = config.image_size, torch.linspace(0.5, 1, config.image_size)
    levels = torch.linspace(-1, 1, 3).view(3, 1, 1, 1)
    return (levels * ramp).repeat(1, config.get("input_channels", config.image_channels), size, 1)


@every_recipe
def test_the_docstring_says_how_to_make_it_and_what_it_reached(name: str) -> None:
    docstring = __import__(f"hf_genimg.recipes.{name}", fromlist=["_"]).__doc__
    for part in ("arXiv:", f"hf-genimg train {name}", "Cost:", "Reached:"):
        assert part in docstring, f"the docstring of {name} lacks {part!r}"
    cost, reached = docstring.partition("Cost:")[2].split("Reached:")
    for line in (cost, reached):
        assert re.search(r"\d", line) or "not run here" in line, (
            f"the docstring of {name} must have figures: {line.strip()!r}"
        )
        assert "not run here" not in line or name.endswith("_paper"), f"{name} can be run here"


@every_recipe
def test_every_required_field_is_there(name: str) -> None:
    required = "data image_size images batch_size micro_batch_size snapshot_images evaluate_images seed learning_rate "
    required += "mixed_precision init hub_model_id"
    assert set(required.split()) <= set(recipe_class(name).__dataclass_fields__)


def named_sizes(name: str) -> list[int]:
    """The image sizes that a recipe's docstring lists."""
    listed = re.match(r"Image sizes ([0-9, and]+)", recipe_class(name).__doc__ or "")
    return [int(size) for size in re.findall(r"\d+", listed[1])] if listed else []


@pytest.mark.parametrize("name", [name for name in recipe_names() if named_sizes(name)])
def test_every_size_that_a_recipe_lists_is_made_with_its_defaults(name: str) -> None:
    for size in named_sizes(name):
        recipe = recipe_class(name)().override(image_size=size)
        recipe = recipe if recipe.image_channels else recipe.override(image_channels=1)
        recipe.check()
        with torch.device("meta"):
            recipe.models()
