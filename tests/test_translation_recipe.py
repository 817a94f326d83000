"""What recipes that translate do besides what every recipe is tested for: channels from the data, held-out rows,
refusals.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import hf_genimg
from hf_genimg.pipelines.provenance import read_provenance
from hf_genimg.training.loop import train
from hf_genimg.training.recipe import Recipe

Tiny = Callable[..., Recipe]


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Grey inputs in A, colour targets in B; train and test."""
    for split, count in (("train", 8), ("test", 2)):
        for side, shape in (("A", (16, 16)), ("B", (16, 16, 3))):
            folder = tmp_path / "pairs" / side / split
            folder.mkdir(parents=True)
            for number in range(count):
                level = 20 * number + (100 if split == "test" else 0)
                Image.fromarray(np.full(shape, level, np.uint8)).save(folder / f"{number}.png")
    return tmp_path / "pairs"


def test_channels_come_from_the_data_and_rows_from_what_is_held_out(folders: Path, tiny: Tiny, tmp_path: Path) -> None:
    recipe = tiny("pix2pix", data=str(folders), image_size=16)
    train(recipe, tmp_path / "run", progress=False)
    fields = json.loads((tmp_path / "run/recipe.json").read_text())["fields"]
    assert (fields["input_channels"], fields["image_channels"]) == (1, 3)
    config = hf_genimg.load(tmp_path / "run").generator.config
    assert (config.input_channels, config.image_channels, config.image_size) == (1, 3, 16)
    with Image.open(tmp_path / "run/samples/000000000064.png") as grid:
        assert grid.size == (3 * 66, 2 * 66)
        assert (
            [grid.getpixel((33, y)) for y in (33, 99)]
            == [grid.getpixel((165, y)) for y in (33, 99)]
            == [(100,) * 3, (120,) * 3]
        )
    assert read_provenance(tmp_path / "run/samples/000000000064.png")["num_images"] == 2
    assert not any("l1_of_inputs" in line for line in (tmp_path / "run/log.jsonl").read_text().splitlines())
    train(recipe, tmp_path / "run", progress=False)  # finished; the same settings are the same run


def test_without_a_held_out_split_the_rows_are_those_trained_on(folders: Path, tiny: Tiny, tmp_path: Path) -> None:
    recipe = tiny("pix2pix", data=f"{folders}@train", image_size=16, flip=True)
    assert len(recipe.dataset()) == 16
    assert recipe.held_out().split == "test"
    only = tiny("pix2pix", data=f"{folders}@test", image_size=16, flip=True)
    assert only.held_out() is None
    pipe = only.fitted(only.dataset()).pipeline(only.fitted(only.dataset()).models())
    only.save_samples(pipe, tmp_path / "rows.png", 64)
    with Image.open(tmp_path / "rows.png") as grid:
        assert grid.size == (3 * 66, 2 * 66)  # without the mirrored


def test_other_channels_than_a_run_began_with_are_refused(tiny: Tiny, tmp_path: Path) -> None:
    train(tiny("pix2pix"), tmp_path / "run", progress=False, stop_at=8)
    with pytest.raises(ValueError, match=r"input_channels=3 \(was 1\)"):
        train(tiny("pix2pix", input_channels=3), tmp_path / "run", progress=False)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"skip_bad": True},
            "skip_bad=True cannot be used: a picture left out would leave the other of its pair alone",
        ),
        ({"l1_weight": -1.0}, "l1_weight=-1.0 must be at least 0"),
        ({"shift": 64}, "shift=64 must be at least 0 and below image_size=64"),
        ({"norm": "layer"}, "norm='layer' is not known; use one of batch, instance"),
        ({"input_channels": 2}, "input_channels=2 must be 1"),
        ({"loss": "chess"}, "loss='chess' is not known"),
        ({"stages": 7}, "stages=7 is not possible with image_size=64; use 2 or none"),
        ({"image_size": 28}, "image_size=28 is not a size that pix2pix makes"),
        ({"inputs": "A", "targets": "B"}, "digits has no 'A' among its image columns"),
    ],
)
def test_refusals_before_anything_is_written(
    fields: dict[str, object], message: str, tiny: Tiny, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        train(tiny("pix2pix", **fields), tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_shifted_pairs_and_instance_norm_train_and_resume_exactly(tiny: Tiny, tmp_path: Path) -> None:
    recipe = tiny("pix2pix", shift=4, norm="instance")
    whole = train(recipe, tmp_path / "whole", progress=False)
    train(recipe, tmp_path / "parts", progress=False, stop_at=24)
    parts = train(recipe, tmp_path / "parts", progress=False)
    plain = train(tiny("pix2pix", norm="instance"), tmp_path / "plain", progress=False)
    weights = [pipe.generator.to_image[1].weight for pipe in (whole, parts, plain)]
    assert weights[0].equal(weights[1]) and not weights[0].equal(weights[2])


def test_inputs_of_another_size_are_refused_before_any_work(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has 16 pixels a side and the targets 64, but the images of"):
        train(tiny("pix2pix", inputs="downscale:4"), tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["cyclegan", "cut"])
def test_unpaired_sides_are_found_unless_the_data_are_digits(name: str, tmp_path: Path, tiny: Tiny) -> None:
    for folder, level in (("trainA", 0), ("trainB", 255), ("testA", 0), ("testB", 255)):
        (tmp_path / folder).mkdir()
        for number in range(2):
            Image.fromarray(np.full((16, 16), level, np.uint8)).save(tmp_path / folder / f"{number}.png")
    found = tiny(name, data=str(tmp_path), image_size=16)
    assert found.splits() == ["train", "test"]
    batch = found.dataset().batch({"images": torch.arange(2), "inputs": torch.arange(2)})
    assert (batch["images"] == 1).all() and (batch["inputs"] == -1).all()
    assert found.held_out().sides == {"images": 2, "inputs": 2}
    assert "blur:1.5" in tiny(name).dataset().inputs.degradation.text
