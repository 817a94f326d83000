"""Losses on a discriminator's logits, float [N], as scalars to minimise.

For the games that speak of probabilities a logit is the log-odds of an image being real; for the others it is a score.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F


def judged_real(logits: torch.Tensor) -> torch.Tensor:
    """-E[log sigmoid(logits)]: small where the discriminator says "real" (arXiv:1406.2661, eq. 1)."""
    return F.softplus(-logits).mean()


def judged_fake(logits: torch.Tensor) -> torch.Tensor:
    """-E[log(1 - sigmoid(logits))]: small where the discriminator says "fake" (arXiv:1406.2661, eq. 1)."""
    return F.softplus(logits).mean()


def squared_distance(logits: torch.Tensor, target: float) -> torch.Tensor:
    """E[(logits - target)^2] / 2 (least squares, arXiv:1611.04076, eq. 2)."""
    return 0.5 * (logits - target).square().mean()


def hinge_real(logits: torch.Tensor) -> torch.Tensor:
    """E[max(0, 1 - logits)]: no more is asked of a real image once its score is 1 (arXiv:1705.02894; arXiv:1802.05957,
    eq. 16).
    """
    return F.relu(1 - logits).mean()


def hinge_fake(logits: torch.Tensor) -> torch.Tensor:
    """E[max(0, 1 + logits)]: no more is asked of a fake image once its score is -1 (arXiv:1705.02894; arXiv:1802.05957,
    eq. 16).
    """
    return F.relu(1 + logits).mean()


def paired(winners: torch.Tensor, losers: torch.Tensor) -> torch.Tensor:
    """-E[log sigmoid(winners - losers)], pair by pair: small where each winner's score is the higher
    (arXiv:1807.00734).
    """
    return F.softplus(losers - winners).mean()
