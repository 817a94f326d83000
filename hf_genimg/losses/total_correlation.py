"""The KL divergence of a batch in three parts: mutual information, total correlation, and what is left of each latent
(arXiv:1802.04942).
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from .variational import log_normal


class Decomposition(NamedTuple):
    """Scalars in nats; in expectation their sum is the KL divergence."""

    mutual_information: torch.Tensor  # between image and latents
    total_correlation: torch.Tensor  # among the latents
    dimension_wise_kl: torch.Tensor  # of each latent's aggregate to its prior, summed


def stratified_log_weights(batch_size: int, data_size: int) -> torch.Tensor:
    """log of the weights of minibatch stratified sampling (arXiv:1802.04942, eq. S.6): float [N, N].

    Row i weighs the posteriors q(z_i | x_j) of a batch into an unbiased estimate of q(z_i): x_i itself by
    1 / data_size, one other by what it and those outside of the batch deserve, the rest by 1 / M, M = N - 1. The
    authors' code, and copies of it, step through the flat matrix by N instead of N + 1, and so give columns 0 and 1
    these weights instead of the diagonal and its neighbour.

    Raises `ValueError` unless 2 <= batch_size <= data_size.
    """
    if not 2 <= batch_size <= data_size:
        raise ValueError(f"batches of {batch_size} images must have at least 2, and at most data_size={data_size}")
    others = batch_size - 1
    weights = torch.full((batch_size, batch_size), 1 / others)
    rows = torch.arange(batch_size)
    weights[rows, rows] = 1 / data_size
    weights[rows, (rows + 1) % batch_size] = (data_size - others) / (data_size * others)
    return weights.log()


def decompose(latents: torch.Tensor, mean: torch.Tensor, log_variance: torch.Tensor, data_size: int) -> Decomposition:
    """Estimate the parts of the KL divergence from one batch of `latents` of the posteriors N(mean, exp(log_variance)).

    latents, mean, log_variance: float [N, D], one row for each image; data_size: images that the batch is from.
    """
    densities = log_normal(latents[:, None], mean[None], log_variance[None])  # of sample i under posterior j: [N, N, D]
    weights = stratified_log_weights(len(latents), data_size).to(densities)
    log_posterior = densities.diagonal().sum(0)  # log q(z_i | x_i)
    log_aggregate = (densities.sum(2) + weights).logsumexp(1)  # log q(z_i)
    log_marginals = (densities + weights[:, :, None]).logsumexp(1).sum(1)  # sum over d of log q(z_id)
    log_prior = log_normal(latents, torch.zeros_like(latents), torch.zeros_like(latents)).sum(1)
    return Decomposition(
        (log_posterior - log_aggregate).mean(),
        (log_aggregate - log_marginals).mean(),
        (log_marginals - log_prior).mean(),
    )
