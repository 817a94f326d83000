"""The likelihoods by name, and the standard deviation of a pixel where it is learned."""

from __future__ import annotations

import torch
from torch import nn

from ..losses.likelihoods import (
    bernoulli_nll,
    continuous_bernoulli_nll,
    discretized_logistic_nll,
    gaussian_nll,
)

OF_LOGITS = {"bernoulli": bernoulli_nll, "continuous_bernoulli": continuous_bernoulli_nll}
OF_MEANS = {"gaussian": gaussian_nll, "discretized_logistic": discretized_logistic_nll}
LIKELIHOODS = (*OF_LOGITS, *OF_MEANS)
HALF_LIFE = 10_000  # of what the learned deviation is averaged over, in images


class Likelihood(nn.Module):
    """-log p(images | latents) of an autoencoder, float [N], nats per image.

    name: `bernoulli` takes grey levels as probabilities, `continuous_bernoulli` is a density on them; `gaussian` and
    `discretized_logistic` have means and a standard deviation on [-1, 1]. sigma: that deviation; None learns it, one
    for all pixels, as the root mean square error of recent reconstructions, which is its maximum likelihood estimate
    under the Gaussian (arXiv:2006.13202, eq. 6) and fits the variance of the logistic.
    """

    def __init__(self, name: str = "bernoulli", sigma: float | None = 1.0) -> None:
        super().__init__()
        if name not in LIKELIHOODS:
            raise ValueError(f"likelihood={name!r} is not known; use one of {', '.join(LIKELIHOODS)}")
        if sigma is None and name in OF_LOGITS:
            raise ValueError(f"sigma=None has no effect on likelihood={name}; use one of {', '.join(OF_MEANS)}")
        if sigma is not None and sigma <= 0:
            raise ValueError(f"sigma={sigma} must be above 0, or none to learn it")
        self.name, self._fixed_sigma = name, sigma
        if sigma is None:
            self.register_buffer("squares", torch.zeros(2))  # their sum, and of how many pixels
            self.register_buffer("gathered", torch.zeros(2))  # the same, of one update

    @property
    def sigma(self) -> torch.Tensor | float:
        """The standard deviation of a pixel on [-1, 1]."""
        if self._fixed_sigma is not None:
            return self._fixed_sigma
        total, count = self.squares
        return torch.where(count > 0, total / count.clamp(min=1), 1.0).clamp(min=1e-6).sqrt()

    def forward(self, autoencoder: nn.Module, latents: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        """latents: float [N, D]; images: float [N, C, H, W] in [-1, 1]."""
        if self.name in OF_LOGITS:
            return OF_LOGITS[self.name](autoencoder.logits(latents).float(), images)
        means = autoencoder.decode(latents).float()
        if self._fixed_sigma is None and torch.is_grad_enabled():
            squares = (means.detach() - images).square()
            self.gathered += torch.stack([squares.sum(), torch.full_like(squares.sum(), squares.numel())])
        return OF_MEANS[self.name](means, images, self.sigma)

    @torch.no_grad()
    def update(self, images: int) -> None:
        """Learn from the reconstructions of one update, of `images` images."""
        if self._fixed_sigma is None:
            self.squares.mul_(0.5 ** (images / HALF_LIFE)).add_(self.gathered)
