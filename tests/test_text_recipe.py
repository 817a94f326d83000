"""Text-conditioned recipes: where captions come from, which words are learned, and prompts on the command line."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

import hf_genimg
from hf_genimg.cli import app
from hf_genimg.evaluation.prompts import first_captions
from hf_genimg.evaluation.scores import Report
from hf_genimg.layers.text import Tokenizer, parts_of, vocabulary_of
from hf_genimg.recipes import recipe_class
from hf_genimg.training.loop import train


@pytest.fixture
def captioned(tmp_path: Path) -> Path:
    """Colour pictures with captions in files beside them, in two splits."""
    for split, captions in (("train", ["red wall", "blue abyss wall", "red dragon"]), ("test", ["green wall"])):
        folder = tmp_path / "data" / split
        folder.mkdir(parents=True)
        for number, caption in enumerate(captions * 4):
            levels = np.random.default_rng(number).integers(0, 255, (16, 16, 3), np.uint8)
            Image.fromarray(levels).save(folder / f"{number}.png")
            (folder / f"{number}.txt").write_text(caption)
    return tmp_path / "data"


def recipe(**fields: Any) -> Any:
    return recipe_class("text_gan")().smoke().override(**fields)


def test_words_have_their_place_and_others_none() -> None:
    assert vocabulary_of(["A thick seven, leaning left", "a seven"]) == ["a", "leaning", "left", "seven", "thick"]
    assert Tokenizer(["a", "seven"], 3)(["a SEVEN!", "the a"]).tolist() == [[1, 2, 0], [1, 0, 0]]


def test_a_caption_comes_as_often_as_its_parts() -> None:
    parts = parts_of("blue abyss wall")
    assert parts[:5] == ["blue abyss wall"] * 5
    assert sorted(parts[5:]) == ["abyss", "abyss wall", "blue", "blue abyss", "wall"]
    assert parts_of("dragon") == ["dragon"]


def test_a_run_learns_the_words_of_its_captions_and_answers_prompts(captioned: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(recipe(data=str(captioned), images=16), run, progress=False)
    config = hf_genimg.load(run).network.config
    assert config.vocabulary == ["abyss", "blue", "dragon", "red", "wall"]
    assert config.examples == ["red wall", "blue abyss wall", "red dragon"]
    made = CliRunner().invoke(app, ["sample", str(run), "--prompt", "blue dragon", "--out", str(tmp_path / "a.png")])
    assert made.exit_code == 0 and (tmp_path / "a.png").is_file()
    refused = CliRunner().invoke(app, ["sample", str(run), "--prompt", "unicorn", "--out", str(tmp_path / "b.png")])
    assert refused.exit_code != 0 and not (tmp_path / "b.png").exists()


def test_a_frozen_text_encoder_brings_its_words_and_stays(captioned: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    train(recipe(data=str(captioned), images=16, text_dim=5, seed=1), first, progress=False)
    given = hf_genimg.load(first).network
    (captioned / "train" / "0.txt").write_text("yellow wall")
    how = {"data": str(captioned), "text_encoder": str(first), "contrast": 1.0, "schedule": "constant"}
    for images in (16, 32):
        with pytest.warns(UserWarning, match="does not know yellow"):
            train(recipe(**how, images=images), second, progress=False)
    pipe = hf_genimg.load(second)
    assert pipe.network.config.vocabulary == given.config.vocabulary and "yellow" not in given.config.vocabulary
    for network in (pipe.network, pipe.discriminator):
        for name, tensor in network.text_encoder.state_dict().items():
            assert torch.equal(tensor, given.text_encoder.state_dict()[name])
    assert not torch.equal(pipe.network.first.weight, given.first.weight)


def test_a_text_encoder_has_to_be_one(tmp_path: Path) -> None:
    train(recipe_class("dcgan")().smoke().override(images=8), tmp_path / "run", progress=False)
    with pytest.raises(ValueError, match="run has no text encoder; give a run or a pipeline that takes prompts"):
        recipe(text_encoder=str(tmp_path / "run")).dataset()
    with pytest.raises(ValueError, match="text_encoder=x and init each bring a text encoder; leave one out"):
        recipe(text_encoder="x", init="x").check()


def test_held_out_captions_are_read_with_the_words_of_training(captioned: Path) -> None:
    fitted = recipe(data=str(captioned))
    fitted = fitted.fitted(fitted.dataset())
    held_out = fitted.held_out()
    assert held_out.captions[0][0] == "green wall"
    assert fitted.vocabulary.index("wall") + 1 == held_out.tokenize(["green wall"])[0, 0]


def test_what_a_run_cannot_have_is_refused() -> None:
    for fields, words in (
        ({"loss": "relativistic"}, "loss=relativistic has no loss of mismatched captions; use hinge"),
        ({"captions": "x"}, "captions=x is not known; use digits, or none"),
        ({"matching_penalty": -1.0}, "matching_penalty=-1.0 must be at least 0"),
        ({"contrast": -1.0}, "contrast=-1.0 must be at least 0"),
        ({"label_column": "x", "data": "folder"}, "label_column=x is not used by this recipe"),
    ):
        with pytest.raises(ValueError, match=words):
            recipe(**fields).check()


def test_a_model_is_scored_on_the_captions_of_the_reference(captioned: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    small = recipe(data=str(captioned), metrics="fid,precision", score_images=6, extractor="efficientnet-lite0")
    hf_genimg.train(small, run, progress=False)
    own = Report.load(run / "scores.json")
    how = {"metrics": ["precision"], "extractor": "efficientnet-lite0", "num": 6, "progress": False}
    report = hf_genimg.evaluate(run, str(captioned), **how)
    assert report.protocol["condition"] == "captions of the reference"
    assert report.scores["precision"].value == own.scores["precision"].value

    pictures = tmp_path / "pictures"
    shutil.copytree(captioned, pictures, ignore=shutil.ignore_patterns("*.txt"))
    with pytest.raises(ValueError, match="makes images of texts, and needs a reference with them: .* has no captions"):
        hf_genimg.evaluate(run, str(pictures), **how)


def test_each_caption_comes_once_before_any_comes_twice() -> None:
    captions = [["a", "x"], ["b"], ["c"]]
    found = first_captions(captions, 8, seed=3)
    assert sorted(found[:3]) == sorted(found[3:6]) == ["a", "b", "c"] and len(found) == 8
    assert found == first_captions(captions, 8, seed=3) != first_captions(captions, 8, seed=4)
