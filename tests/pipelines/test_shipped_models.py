"""The trained models of `model_cards/` make the images that they made when they were published."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch

import hf_genimg

CARDS = Path(__file__).parents[2] / "model_cards"
# Of uint8 images computed in float64, so that no machine rounds them otherwise: the first digits of the sha256.
CALLS = {"plain": {}, "truncated": {"truncation": 0.5}, "labelled": {"class_labels": 1}}
IMAGES = {
    "dcgan-sprites": {"plain": "e4de59b49a9903c5", "truncated": "4d1e402cab132cd7"},
    "biggan-digits": {"plain": "3329be4fe804b4b9", "labelled": "103a1e91c556c3a6"},
    "vae-digits": {"plain": "e159720f2041121c", "truncated": "2aada9fb73f46fd4"},
    "cgan-digits": {"plain": "add0155698cdbf02", "truncated": "4bfc595fbb4b6d79", "labelled": "ae08dd21e0311b16"},
}
WALKS = {
    "dcgan-sprites": "6b795894ab37d5bb",
    "biggan-digits": "74d3bbc2db06af0a",
    "vae-digits": "164ad0cee7280481",
    "cgan-digits": "0bc2aa50a3799047",
}
REVISIONS = {
    "dcgan-sprites": "97bd92c81264",
    "biggan-digits": "a27ba3eda7db",
    "vae-digits": "79be8f638f80",
    "cgan-digits": "b2a69510e10a",
    "classifier-digits": "5f1d213f8e38",
}


def digest(tensor: torch.Tensor) -> str:
    return hashlib.sha256(tensor.contiguous().numpy().tobytes()).hexdigest()[:16]


@pytest.mark.parametrize("name", list(IMAGES))
def test_seeds_name_the_images_that_they_named(name: str) -> None:
    pipe = hf_genimg.load(CARDS / name / "pipeline", dtype=torch.float64)
    made = {call: digest(pipe(4, seed=7, output_type="uint8", **CALLS[call]).images) for call in IMAGES[name]}
    assert made == IMAGES[name]
    assert digest(pipe.interpolate([3, 4], 4, output_type="uint8")) == WALKS[name]


@pytest.mark.parametrize("name", list(REVISIONS))
def test_revisions_are_what_cards_and_pictures_say(name: str) -> None:
    assert hf_genimg.load(CARDS / name).revision == REVISIONS[name]


def test_the_classifier_predicts_as_before() -> None:
    pipe = hf_genimg.load(CARDS / "classifier-digits", dtype=torch.float64)
    size = pipe.capabilities.image_size
    images = torch.rand(4, 1, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert digest((pipe.probabilities(images) * 1e4).round().int()) == "250eac79ed3b4b75"


@pytest.mark.parametrize("name", ["dcgan-digits", "vae-digits"])
def test_named_directions_do_what_their_names_say(name: str) -> None:
    """Thickness adds ink; slant leans the ink to the right, by its second moments, and changes the amount little."""
    pipe = hf_genimg.load(CARDS / name)

    def ink(direction: str, strength: float) -> tuple[float, float]:
        images = pipe(64, seed=5000, directions={direction: strength}, output_type="pt").images.mean(1)
        y, x = torch.meshgrid(*(torch.arange(float(side)) for side in images.shape[1:]), indexing="ij")
        mass = images.sum((1, 2))
        x, y = (axis - ((images * axis).sum((1, 2)) / mass)[:, None, None] for axis in (x, y))
        slants = -(images * x * y).sum((1, 2)) / (images * y * y).sum((1, 2))
        return slants.mean().item(), mass.mean().item()

    assert list(pipe.directions) == ["slant", "thickness"]
    slants, masses = ([ink(each, strength)[k] for strength in (-2, 0, 2)] for k, each in enumerate(pipe.directions))
    assert slants[2] - slants[1] > 0.1 and slants[1] - slants[0] > 0.1
    assert masses[2] / masses[1] > 1.1 and masses[1] / masses[0] > 1.1
    assert abs(ink("slant", 2)[1] / masses[1] - 1) < 0.1
