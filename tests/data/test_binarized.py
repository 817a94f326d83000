"""Dynamic binarization: black and white, by the probability of the grey level, and a function of the seed alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hf_genimg.data import open_dataset
from hf_genimg.data.binarized import THRESHOLDS, binarized
from hf_genimg.data.randomness import uniform_words
from hf_genimg.recipes import recipe_class

SEEDS = torch.arange(5, 5 + 400)


def test_pixels_are_white_as_often_as_they_are_bright() -> None:
    dataset = open_dataset("digits", image_size=8, labels=True)
    binary = binarized(dataset)
    place = torch.tensor([3]).expand(len(SEEDS))
    levels = dataset.batch(place[:1])["images"]
    batch = binary.batch(place, seeds=SEEDS)
    assert set(batch["images"].unique().tolist()) == {-1.0, 1.0} and torch.equal(batch["labels"], place * 0 + 3)
    assert (batch["images"].mean(0, keepdim=True) - levels).abs().max() < 4 * 2 * 0.5 / len(SEEDS) ** 0.5
    assert THRESHOLDS[0] == 0 and THRESHOLDS[255] == 65_536  # black stays black, white stays white
    assert binary.fingerprint != dataset.fingerprint


def test_an_item_depends_on_its_seed_alone() -> None:
    binary = binarized(open_dataset("digits", image_size=8))
    places = torch.tensor([4, 9, 4])
    whole = binary.pixels(places, torch.tensor([7, 8, 9]))
    assert torch.equal(whole[1:2], binary.pixels(places[1:2], torch.tensor([8])))
    assert not torch.equal(whole[0], whole[2])
    assert torch.equal(binary.pixels(places), binary.pixels(places)) and torch.equal(*binary.pixels(places)[[0, 2]])


def test_words_are_uniform_and_those_of_neighbouring_seeds_unlike() -> None:
    words = uniform_words(np.arange(-500, 500), 30) / 65_536
    assert words.shape == (1000, 30)
    assert abs(words.mean() - 0.5) < 0.01 and abs(words.std() - 12**-0.5) < 0.01
    assert np.abs(np.corrcoef(words.T) - np.eye(30)).max() < 0.15
    assert abs(np.corrcoef(words[1:].ravel(), words[:-1].ravel())[0, 1]) < 0.03


def test_recipes_binarize_what_they_train_on_and_hold_out() -> None:
    recipe = recipe_class("mlp_vae")().override(binarize=True)
    for dataset in (recipe.dataset(), recipe.held_out()):
        assert set(dataset.batch(torch.arange(9))["images"].unique().tolist()) == {-1.0, 1.0}
    for changes in ({"likelihood": "gaussian"}, {"image_channels": 4}):
        with pytest.raises(ValueError, match="binarize=True needs likelihood=bernoulli and at most 3 channels"):
            recipe.override(**changes).check()
