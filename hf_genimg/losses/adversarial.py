"""Losses on a discriminator's logits; a logit is the log-odds of an image being real."""

from __future__ import annotations

import torch
import torch.nn.functional as F


def judged_real(logits: torch.Tensor) -> torch.Tensor:
    """-E[log sigmoid(logits)]: small where the discriminator says "real".

    logits: float [N]. Returns a scalar (arXiv:1406.2661, eq. 1).
    """
    return F.softplus(-logits).mean()


def judged_fake(logits: torch.Tensor) -> torch.Tensor:
    """-E[log(1 - sigmoid(logits))]: small where the discriminator says "fake".

    logits: float [N]. Returns a scalar (arXiv:1406.2661, eq. 1).
    """
    return F.softplus(logits).mean()
