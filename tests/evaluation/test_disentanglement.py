"""MIG and DCI on latents that were made from known factors, and of an encoder that reads them off drawn squares."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

import hf_genimg
from hf_genimg.evaluation.disentanglement import dci, mutual_information_gap


@pytest.fixture(scope="module")
def factors() -> np.ndarray:
    """All combinations of three factors with 8, 8 and 3 values, five times."""
    return np.repeat(np.array(list(itertools.product(range(8), range(8), range(3)))), 5, axis=0)


def test_one_latent_for_each_factor_scores_one(factors: np.ndarray) -> None:
    noise = np.random.default_rng(0).normal(size=(len(factors), 4))
    latents = np.concatenate([factors + 0.01 * noise[:, :3], noise[:, 3:]], 1)
    assert mutual_information_gap(latents, factors) > 0.9  # the idle latent has a little information, by chance
    found = dci(latents, factors)
    assert min(found.disentanglement, found.completeness, found.informativeness) > 0.85


def test_a_rotation_entangles(factors: np.ndarray) -> None:
    rotation = np.array([[2, -1, 2], [2, 2, -1], [-1, 2, 2]]) / 3
    centred = (factors - factors.mean(0)) / factors.std(0)
    assert mutual_information_gap(centred @ rotation, factors) < 0.3
    found = dci(centred @ rotation, factors)
    assert found.disentanglement < 0.5 and found.informativeness > 0.8  # all is there, but nowhere by itself


def test_a_factor_in_two_latents_has_no_gap_and_is_not_complete(factors: np.ndarray) -> None:
    twice = np.concatenate([factors[:, :1], factors], 1).astype(float)
    assert mutual_information_gap(twice, factors[:, :2]) == pytest.approx(0.5, abs=0.01)  # 0 and 1
    found = dci(twice, factors)
    assert found.disentanglement > 0.95 > 0.9 > found.completeness


def test_an_idle_encoder_scores_zero(factors: np.ndarray) -> None:
    noise = np.random.default_rng(0).normal(size=(len(factors), 3))
    assert mutual_information_gap(noise, factors) < 0.05
    assert dci(noise, factors).informativeness < 0.4


def test_the_latents_of_an_autoencoder(factors: np.ndarray) -> None:
    """Squares of 4 pixels at rows and columns from 0 to 7 with 3 grey levels: an encoder that finds their centres."""
    factors = factors[::5]
    images = torch.full((len(factors), 1, 11, 11), -1.0)
    for image, (row, column, level) in zip(images, factors.tolist(), strict=True):
        image[0, row : row + 4, column : column + 4] = level / 2
    network = hf_genimg.MLPVAE(image_size=11, latent_dim=2, width=4)
    with torch.no_grad():
        grid = torch.arange(11.0)
        lit = images.flatten(1) + 1
        mass = lit.sum(1)
        rows, columns = lit.view(-1, 11, 11).sum(2) @ grid / mass, lit.view(-1, 11, 11).sum(1) @ grid / mass
    centres = torch.stack([rows, columns], 1).numpy()
    assert mutual_information_gap(centres, factors[:, :2]) == pytest.approx(1, abs=0.02)
    entangled = network.encode(images).mean.detach().numpy()
    assert mutual_information_gap(entangled, factors[:, :2]) < 0.5


def test_what_cannot_be_scored_is_refused(factors: np.ndarray) -> None:
    latents = factors.astype(float)
    for given, of, line in (
        (latents[:50], factors[:50], "50 images, 3 latents and 3 factors are too few; give at least 100, 2 and 2"),
        (latents, factors[:90], r"must be \[N, D\] and \[N, F\]"),
        (latents, factors * [1, 0, 1], "factor 1 has one value only; leave it out"),
    ):
        with pytest.raises(ValueError, match=line):
            mutual_information_gap(given, of)
