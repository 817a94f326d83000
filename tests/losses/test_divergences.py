"""Divergences of latents: closed forms, brute force, and the total correlation of a Gaussian."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from hf_genimg.losses.mmd import SCALES, mmd
from hf_genimg.losses.total_correlation import decompose, stratified_log_weights
from hf_genimg.losses.variational import free_nats, importance_bound, kl_to_standard_normal, log_normal


def test_kl_against_torch_distributions() -> None:
    torch.manual_seed(0)
    mean, log_variance = torch.randn(7, 5, dtype=torch.float64), torch.randn(7, 5, dtype=torch.float64)
    exact = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(torch.zeros_like(mean), 1.0))
    torch.testing.assert_close(kl_to_standard_normal(mean, log_variance), exact)
    assert (kl_to_standard_normal(torch.zeros(3, 2), torch.zeros(3, 2)) == 0).all()


def test_log_normal_against_torch_distributions() -> None:
    torch.manual_seed(0)
    values, mean, log_variance = torch.randn(3, 7, 5, dtype=torch.float64)
    torch.testing.assert_close(
        log_normal(values, mean, log_variance), Normal(mean, (0.5 * log_variance).exp()).log_prob(values)
    )


def test_free_nats_count_each_latent_at_its_floor_in_the_mean_of_the_batch() -> None:
    kl = torch.tensor([[0.0, 3.0], [1.0, 5.0]], requires_grad=True)
    assert free_nats(kl, 0.0).item() == 4.5
    floored = free_nats(kl, 2.0)
    floored.backward()
    assert floored.item() == 6.0  # 0.5 counts 2, 4 counts 4
    assert kl.grad.tolist() == [[0.0, 0.5], [0.0, 0.5]]


def test_the_importance_bound_is_the_log_of_a_mean() -> None:
    weights = torch.tensor([[0.5, 2.0], [1.5, 4.0]], dtype=torch.float64)
    torch.testing.assert_close(importance_bound(weights.log()), torch.tensor([1.0, 3.0], dtype=torch.float64).log())


def test_mmd_against_a_double_loop() -> None:
    torch.manual_seed(0)
    latents, prior = torch.randn(2, 5, 3, dtype=torch.float64)

    def kernel(one: torch.Tensor, other: torch.Tensor) -> float:
        square = sum((a - b) ** 2 for a, b in zip(one.tolist(), other.tolist(), strict=True))
        return sum(2 * 3 * s / (2 * 3 * s + square) for s in SCALES)

    pairs = list(itertools.product(range(5), range(5)))
    apart = sum(kernel(sample[i], sample[j]) for sample in (latents, prior) for i, j in pairs if i != j) / 20
    across = sum(kernel(latents[i], prior[j]) for i, j in pairs) / 25
    assert mmd(latents, prior).item() == pytest.approx(apart - 2 * across, rel=1e-10)
    with pytest.raises(ValueError, match="one image is too few"):
        mmd(latents[:1], prior[:1])


def test_stratified_weights_are_those_of_the_paper() -> None:
    """The image's own posterior has 1 / N; the authors' code gives that to column 0 in every row."""
    weights = stratified_log_weights(4, 10).exp()
    torch.testing.assert_close(weights.diagonal(), torch.full((4,), 1 / 10))
    torch.testing.assert_close(weights[range(4), [1, 2, 3, 0]], torch.full((4,), (10 - 3) / (10 * 3)))
    torch.testing.assert_close(weights[range(4), [2, 3, 0, 1]], torch.full((4,), 1 / 3))
    torch.testing.assert_close(weights.sum(1), torch.ones(4))
    with pytest.raises(ValueError, match="batches of 4 images must have at least 2, and at most data_size=3"):
        stratified_log_weights(4, 3)


def test_stratified_sampling_is_unbiased() -> None:
    """The mean over all batches with one image is the aggregate posterior over all data."""
    torch.manual_seed(0)
    densities = torch.rand(5, dtype=torch.float64)  # q(z | x_j) of a latent vector of image 0
    weights = stratified_log_weights(3, 5).double().exp()
    for row in range(3):
        estimates = []
        for others in itertools.permutations(range(1, 5), 2):
            batch = [*others[:row], 0, *others[row:]]
            estimates.append((weights[row] * densities[batch]).sum())
        torch.testing.assert_close(torch.stack(estimates).mean(), densities.mean(), rtol=1e-6, atol=0)


def test_the_parts_of_the_divergence_of_a_gaussian() -> None:
    torch.manual_seed(0)
    spread, deviation, count = torch.tensor([[0.9, 0.0], [0.6, 0.5]]), 0.5, 1500
    mean = torch.randn(count, 2) @ spread.T
    latents = mean + deviation * torch.randn(count, 2)
    log_variance = torch.full_like(mean, 2 * math.log(deviation))
    covariance = spread @ spread.T + deviation**2 * torch.eye(2)
    variances, log_det = covariance.diagonal(), covariance.logdet()
    exact = (
        0.5 * (log_det - 4 * math.log(deviation)),
        0.5 * (variances.log().sum() - log_det),
        0.5 * (variances - 1 - variances.log()).sum(),
    )
    parts = decompose(latents, mean, log_variance, 1_000_000)
    torch.testing.assert_close(torch.stack(parts), torch.stack(exact), rtol=0, atol=0.05)
    assert exact[1] > 0.15  # there is something to find
    sampled = (log_normal(latents, mean, log_variance) - log_normal(latents, 0 * mean, 0 * mean)).sum(1).mean()
    torch.testing.assert_close(sum(parts), sampled)
