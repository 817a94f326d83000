"""Losses against closed forms."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from hf_genimg.losses.adversarial import fake_loss, real_loss
from hf_genimg.losses.variational import (
    bernoulli_negative_log_likelihood,
    gaussian_negative_log_likelihood,
    kl_to_standard_normal,
)

LOGITS = torch.tensor([-3.0, -0.5, 0.0, 1.25, 4.0], dtype=torch.float64)


def test_real_loss_is_minus_the_log_of_the_probability() -> None:
    expected = -sum(math.log(1 / (1 + math.exp(-x))) for x in LOGITS.tolist()) / len(LOGITS)
    assert real_loss(LOGITS).item() == pytest.approx(expected, rel=1e-12)


def test_fake_loss_is_minus_the_log_of_the_other_probability() -> None:
    expected = -sum(math.log(1 - 1 / (1 + math.exp(-x))) for x in LOGITS.tolist()) / len(LOGITS)
    assert fake_loss(LOGITS).item() == pytest.approx(expected, rel=1e-12)


def test_sure_logits_do_not_overflow() -> None:
    assert real_loss(torch.tensor([-1e4])).item() == pytest.approx(1e4)
    assert fake_loss(torch.tensor([-1e4])).item() == 0


def test_kl_against_torch_distributions() -> None:
    torch.manual_seed(0)
    mean, log_variance = torch.randn(7, 5, dtype=torch.float64), torch.randn(7, 5, dtype=torch.float64)
    exact = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(torch.zeros_like(mean), 1.0)).sum(1).mean()
    torch.testing.assert_close(kl_to_standard_normal(mean, log_variance), exact)
    assert kl_to_standard_normal(torch.zeros(3, 2), torch.zeros(3, 2)) == 0


def test_bernoulli_on_black_and_white_is_the_exact_likelihood() -> None:
    torch.manual_seed(0)
    logits, bits = torch.randn(4, 1, 3, 3, dtype=torch.float64), torch.randint(0, 2, (4, 1, 3, 3)).double()
    exact = -Bernoulli(logits=logits).log_prob(bits).sum([1, 2, 3]).mean()
    torch.testing.assert_close(bernoulli_negative_log_likelihood(logits, 2 * bits - 1), exact)


def test_bernoulli_takes_grey_levels_as_probabilities() -> None:
    grey = torch.full((1, 1, 1, 1), 2 * 0.3 - 1, dtype=torch.float64)
    logits = torch.full_like(grey, 0.7)
    probability = 1 / (1 + math.exp(-0.7))
    expected = -(0.3 * math.log(probability) + 0.7 * math.log(1 - probability))
    assert bernoulli_negative_log_likelihood(logits, grey).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("sigma", [0.1, 1.0, 2.5])
def test_gaussian_is_the_exact_likelihood(sigma: float) -> None:
    torch.manual_seed(0)
    means, images = torch.randn(4, 3, 2, 2, dtype=torch.float64), torch.randn(4, 3, 2, 2, dtype=torch.float64)
    exact = -Normal(means, sigma).log_prob(images).sum([1, 2, 3]).mean()
    torch.testing.assert_close(gaussian_negative_log_likelihood(means, images, sigma), exact)
