"""Terms that steady a game, as scalars to minimise. Logits are float [N]."""

from __future__ import annotations

from collections.abc import Iterable

import torch


def lecam(
    on_real: torch.Tensor, on_fake: torch.Tensor, real_anchor: torch.Tensor, fake_anchor: torch.Tensor
) -> torch.Tensor:
    """E[(D(x) - a_fake)^2] + E[(D(G(z)) - a_real)^2]: each side stays near the running mean of the other
    (arXiv:2104.03310, eq. 4).
    """
    return (on_real - fake_anchor).square().mean() + (on_fake - real_anchor).square().mean()


def consistency(on_images: torch.Tensor, on_changed: torch.Tensor) -> torch.Tensor:
    """E[(D(x) - D(T(x)))^2]: a change that keeps the meaning keeps the logit (arXiv:1910.12027, eq. 3)."""
    return (on_images - on_changed).square().mean()


def orthogonality(weights: Iterable[torch.Tensor]) -> torch.Tensor:
    """sum over weights of |W W^T * (1 - I)|^2, a row for each first index: 0 where rows are at right angles
    (arXiv:1809.11096, eq. 3).
    """
    total: torch.Tensor | float = 0.0
    for weight in weights:
        rows = weight.flatten(1)
        products = rows @ rows.T
        total = total + products.square().sum() - products.diagonal().square().sum()
    return total
