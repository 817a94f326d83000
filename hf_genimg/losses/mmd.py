"""Maximum mean discrepancy between two samples of latents."""

from __future__ import annotations

import torch

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)  # of the kernels, in units of the width that fits the prior


def mmd(latents: torch.Tensor, prior: torch.Tensor) -> torch.Tensor:
    """The unbiased estimate of the squared discrepancy, with a sum of inverse multiquadratic kernels.

    k(x, y) = sum over s of C / (C + |x - y|^2), C = 2 D s, for a prior of unit variance (arXiv:1711.01558, algorithm 2
    and appendix). latents, prior: float [N, D], N at least 2. Returns a scalar, which can be below 0.
    """
    count, dimensions = latents.shape
    if count < 2:
        raise ValueError("one image is too few for the discrepancy of two samples; use micro-batches of at least 2")
    widths = [2 * dimensions * scale for scale in SCALES]

    def kernel(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        squares = (one[:, None] - other[None]).square().sum(2)
        return sum(width / (width + squares) for width in widths)

    def within(sample: torch.Tensor) -> torch.Tensor:
        values = kernel(sample, sample)
        return (values.sum() - values.diagonal().sum()) / (count * (count - 1))

    return within(latents) + within(prior) - 2 * kernel(latents, prior).mean()
