"""The two halves of the evidence lower bound, in nats per image, averaged over the batch (arXiv:1312.6114, eq. 3)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F


def kl_to_standard_normal(mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, I)): float [N, D] twice to a scalar (arXiv:1312.6114, appendix B)."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()


def bernoulli_negative_log_likelihood(logits: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """-log p(images | logits) with grey levels taken as probabilities.

    logits: float [N, C, H, W]; images: float [N, C, H, W] in [-1, 1], mapped to [0, 1] here. Returns a scalar, summed
    over pixels.
    """
    return F.binary_cross_entropy_with_logits(logits, (images + 1).div_(2), reduction="sum") / len(images)


def gaussian_negative_log_likelihood(means: torch.Tensor, images: torch.Tensor, sigma: float) -> torch.Tensor:
    """-log N(images; means, sigma^2), normaliser included.

    means, images: float [N, C, H, W] in [-1, 1]; sigma: the standard deviation of a pixel on that scale.
    Returns a scalar, summed over pixels.
    """
    squares = ((images - means) / sigma).square().sum() / len(images)
    return 0.5 * squares + images[0].numel() * (math.log(sigma) + 0.5 * math.log(2 * math.pi))
