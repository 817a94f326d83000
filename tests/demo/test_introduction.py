"""The page begins with what the model is and three things to try that it can do."""

from __future__ import annotations

from pathlib import Path

import pytest

import hf_genimg
from hf_genimg.demo.about import introduction
from hf_genimg.demo.models import Shared

CARDS = Path(__file__).parents[2] / "model_cards"


def introduced(name: str) -> list[str]:
    return introduction(Shared(name, hf_genimg.load(CARDS / name), CARDS / name)).split("\n\n")


@pytest.mark.parametrize(
    ("name", "does", "tries"),
    [
        ("dcgan-digits", "Generates images (32x32)", ["move Morph", "open Explore", "click on an image"]),
        ("acgan-digits", "Generates images", ["choose a class", "move Morph", "open Explore"]),
        ("infogan-digits", "Generates images", ["choose a class", "move the codes", "move Morph"]),
        ("vae-digits", "Encodes images (28x28)", ["open a picture of yours", "move Morph", "open Explore"]),
        ("classifier-digits", "Says what is in an image", ["open a picture of yours", "choose one of the examples"]),
    ],
)
def test_a_heading_a_sentence_and_what_to_try(name: str, does: str, tries: list[str]) -> None:
    heading, sentence = introduced(name)
    assert heading == f"# {name}" and sentence.startswith(does)
    what = sentence.partition("Try: ")[2].rstrip(".").split(", ")
    assert len(what) == len(tries)
    assert all(found.startswith(expected) for found, expected in zip(what, tries, strict=True))
