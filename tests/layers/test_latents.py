"""The latent distributions against their moments and their distribution functions."""

from __future__ import annotations

import math

import pytest
import torch

from hf_genimg.layers.latents import LATENT_DISTRIBUTIONS, sample_latents


def draw(distribution: str, count: int = 200_000) -> torch.Tensor:
    return sample_latents(distribution, (count,), generator=torch.Generator().manual_seed(0))


def normal_cdf(z: float) -> float:
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))


EXACT_CDF = {
    "normal": normal_cdf,
    "uniform": lambda z: min(max((z + 1) / 2, 0), 1),
    "truncated": lambda z: min(max((normal_cdf(z) - normal_cdf(-2)) / (normal_cdf(2) - normal_cdf(-2)), 0), 1),
}


@pytest.mark.parametrize("distribution", LATENT_DISTRIBUTIONS)
def test_distribution_function(distribution: str) -> None:
    latents = draw(distribution)
    for z in (-2.5, -1.5, -0.7, 0.0, 0.4, 0.99, 1.8, 2.2):
        assert abs((latents <= z).double().mean().item() - EXACT_CDF[distribution](z)) < 5e-3


def test_bounds() -> None:
    assert draw("uniform").abs().max() <= 1
    assert draw("truncated").abs().max() <= 2
    assert draw("normal").abs().max() > 4


@pytest.mark.parametrize("distribution", LATENT_DISTRIBUTIONS)
def test_equal_seeds_give_equal_latents(distribution: str) -> None:
    assert torch.equal(draw(distribution, 100), draw(distribution, 100))
