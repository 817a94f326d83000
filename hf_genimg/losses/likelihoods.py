"""Likelihoods of images: -log p(images | decoder output), float [N], nats, summed over pixels and channels."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

LEVELS = 256  # grey levels of a pixel, on [-1, 1]
CENTRE = 0.1  # logits nearer to 0 take the series of the normalizer


def bernoulli_nll(logits: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """Bernoulli pixels, with grey levels as probabilities.

    logits: float [N, C, H, W]; images: float [N, C, H, W] in [-1, 1], mapped to [0, 1] here.
    """
    return F.binary_cross_entropy_with_logits(logits, (images + 1) / 2, reduction="none").flatten(1).sum(1)


def continuous_bernoulli_nll(logits: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """The density on [0, 1] that is proportional to the Bernoulli likelihood (arXiv:1907.06845, eq. 4-7); arguments as
    for `bernoulli_nll`.
    """
    return bernoulli_nll(logits, images) - _log_normalizer(logits).flatten(1).sum(1)


def _log_normalizer(logits: torch.Tensor) -> torch.Tensor:
    """log C of the continuous Bernoulli, C = x / tanh(x / 2) of the logit x; a series around x = 0."""
    central = logits.abs() < CENTRE
    outer = torch.where(central, torch.ones_like(logits), logits).abs()
    inner = torch.where(central, logits, torch.zeros_like(logits)).square()
    series = math.log(2) + torch.log1p(inner / 12 - inner.square() / 720)
    return torch.where(central, series, outer.log() - (outer / 2).tanh().log())


def gaussian_nll(means: torch.Tensor, images: torch.Tensor, sigma: torch.Tensor | float) -> torch.Tensor:
    """Normal pixels, normalizer included.

    means, images: float [N, C, H, W] in [-1, 1]; sigma: the standard deviation of a pixel on that scale, a number or a
    scalar tensor.
    """
    sigma = torch.as_tensor(sigma, dtype=means.dtype, device=means.device)
    squares = ((images - means) / sigma).square().flatten(1).sum(1)
    return 0.5 * squares + images[0].numel() * (sigma.log() + 0.5 * math.log(2 * math.pi))


def discretized_logistic_nll(means: torch.Tensor, images: torch.Tensor, sigma: torch.Tensor | float) -> torch.Tensor:
    """Logistic pixels in 256 bins, of which the outer two reach to infinity (arXiv:1606.04934, section 4 and appendix;
    arXiv:1701.05517, eq. 2).

    images: float [N, C, H, W] in [-1, 1], of 8 bits; the rest as for `gaussian_nll`. Probabilities, so at least 0.
    """
    sigma = torch.as_tensor(sigma, dtype=means.dtype, device=means.device)
    scale, half = sigma * math.sqrt(3) / math.pi, 1 / (LEVELS - 1)
    upper, lower = (images - means + half) / scale, (images - means - half) / scale
    below, above = F.logsigmoid(upper), F.logsigmoid(-lower)  # log of the mass up to, and from, the bin
    # sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - exp(b - a))
    inside = below + above + torch.log(-torch.expm1(-2 * half / scale))
    masses = torch.where(images < half - 1, below, torch.where(images > 1 - half, above, inside))
    return -masses.flatten(1).sum(1)
