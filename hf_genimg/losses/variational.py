"""Divergences between latents and their prior, in nats."""

from __future__ import annotations

import math

import torch


def kl_to_standard_normal(mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, 1)) of each latent: float [N, D] twice to float [N, D] (arXiv:1312.6114,
    appendix B).
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


def log_normal(values: torch.Tensor, mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """log N(values; mean, exp(log_variance)) of each element: tensors that broadcast to one shape, and that shape."""
    squares = (values - mean).square() * (-log_variance).exp()
    return -0.5 * (squares + log_variance + math.log(2 * math.pi))


def free_nats(kl: torch.Tensor, floor: float) -> torch.Tensor:
    """The KL divergence of a batch, where each latent counts at least `floor` nats (arXiv:1606.04934, eq. 15).

    kl: float [N, D] by image and latent. Returns a scalar; at floor 0 the plain divergence.
    """
    return kl.mean(0).clamp(min=floor).sum() if floor else kl.sum(1).mean()


def importance_bound(log_weights: torch.Tensor) -> torch.Tensor:
    """log of the mean of k importance weights p(x, z) / q(z | x) (arXiv:1509.00519, eq. 8): float [k, N] to [N]."""
    return log_weights.logsumexp(0) - math.log(len(log_weights))
