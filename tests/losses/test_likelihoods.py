"""Likelihoods of images: against torch's distributions, and that their masses and densities sum to one."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Bernoulli, ContinuousBernoulli, Normal

from hf_genimg.losses.likelihoods import (
    bernoulli_nll,
    continuous_bernoulli_nll,
    discretized_logistic_nll,
    gaussian_nll,
)


def test_bernoulli_on_black_and_white_is_the_exact_likelihood() -> None:
    torch.manual_seed(0)
    logits, bits = torch.randn(4, 1, 3, 3, dtype=torch.float64), torch.randint(0, 2, (4, 1, 3, 3)).double()
    exact = -Bernoulli(logits=logits).log_prob(bits).sum([1, 2, 3])
    torch.testing.assert_close(bernoulli_nll(logits, 2 * bits - 1), exact)


def test_bernoulli_takes_grey_levels_as_probabilities() -> None:
    grey = torch.full((1, 1, 1, 1), 2 * 0.3 - 1, dtype=torch.float64)
    probability = 1 / (1 + math.exp(-0.7))
    expected = -(0.3 * math.log(probability) + 0.7 * math.log(1 - probability))
    assert bernoulli_nll(torch.full_like(grey, 0.7), grey).item() == pytest.approx(expected, rel=1e-12)


def test_continuous_bernoulli_against_torch_distributions() -> None:
    torch.manual_seed(0)
    logits, levels = 3 * torch.randn(4, 3, 2, 2, dtype=torch.float64), torch.rand(4, 3, 2, 2, dtype=torch.float64)
    exact = -ContinuousBernoulli(logits=logits).log_prob(levels).sum([1, 2, 3])
    torch.testing.assert_close(continuous_bernoulli_nll(logits, 2 * levels - 1), exact, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("logit", [-60.0, -2.0, -0.1001, -0.0999, 0.0, 0.05, 4.0])
def test_the_continuous_bernoulli_is_a_density(logit: float) -> None:
    levels = torch.linspace(0, 1, 100_001, dtype=torch.float64).view(-1, 1, 1, 1)
    densities = (-continuous_bernoulli_nll(torch.full_like(levels, logit), 2 * levels - 1)).exp()
    assert torch.trapezoid(densities, dx=1e-5).item() == pytest.approx(1, abs=1e-6)


def test_gradients_of_the_continuous_bernoulli_are_finite_everywhere() -> None:
    logits = torch.tensor([-90.0, -0.1, 0.0, 0.1, 90.0]).view(-1, 1, 1, 1).requires_grad_()
    continuous_bernoulli_nll(logits, torch.zeros_like(logits)).sum().backward()
    gradients = logits.grad.flatten()
    assert gradients.isfinite().all() and gradients[2].abs() < 1e-6  # grey 0.5 is likeliest under logit 0
    torch.testing.assert_close(gradients, -gradients.flip(0))


@pytest.mark.parametrize("sigma", [0.1, 1.0, 2.5])
def test_gaussian_is_the_exact_likelihood(sigma: float) -> None:
    torch.manual_seed(0)
    means, images = torch.randn(4, 3, 2, 2, dtype=torch.float64), torch.randn(4, 3, 2, 2, dtype=torch.float64)
    exact = -Normal(means, sigma).log_prob(images).sum([1, 2, 3])
    torch.testing.assert_close(gaussian_nll(means, images, sigma), exact)
    torch.testing.assert_close(gaussian_nll(means, images, torch.tensor(sigma)), exact)


@pytest.mark.parametrize("sigma", [0.003, 0.1, 3.0])
@pytest.mark.parametrize("mean", [-1.0, 0.2, 0.99])
def test_masses_of_all_grey_levels_sum_to_one(mean: float, sigma: float) -> None:
    levels = (torch.arange(256, dtype=torch.float64) / 127.5 - 1).view(-1, 1, 1, 1)
    masses = (-discretized_logistic_nll(torch.full_like(levels, mean), levels, sigma)).exp()
    assert masses.sum().item() == pytest.approx(1, abs=1e-9)
    assert masses[1:-1].argmax() == (levels - mean).abs()[1:-1].argmin()  # the outer bins have the tails


def test_a_bin_of_the_logistic_is_the_difference_of_two_sigmoids() -> None:
    level, mean, sigma = 100 / 127.5 - 1, 0.1, 0.3
    scale = sigma * math.sqrt(3) / math.pi
    upper, lower = (1 / (1 + math.exp(-(level - mean + side) / scale)) for side in (1 / 255, -1 / 255))
    image = torch.full((1, 1, 1, 1), level, dtype=torch.float64)
    found = discretized_logistic_nll(torch.full_like(image, mean), image, sigma).item()
    assert found == pytest.approx(-math.log(upper - lower), rel=1e-9)


def test_a_far_mean_leaves_the_logistic_finite() -> None:
    means = torch.ones(1, 1, 1, 1, requires_grad=True)
    nll = discretized_logistic_nll(means, -torch.ones(1, 1, 1, 1), 0.001)
    nll.sum().backward()
    assert nll.isfinite().all() and means.grad.item() > 100
