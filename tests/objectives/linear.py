"""A linear autoencoder with normal latents and pixels, whose likelihood and posterior have closed forms."""

from __future__ import annotations

import math

import torch
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from torch import nn


class Linear(nn.Module):
    """x = W z + noise of deviation `sigma`; the columns of W are orthogonal at first, so that the posterior is diagonal
    and the encoder exact.
    """

    def __init__(self, pixels: int = 6, latent_dim: int = 2, sigma: float = 0.5) -> None:
        super().__init__()
        self.decoder = nn.Linear(latent_dim, pixels, bias=False)
        nn.init.orthogonal_(self.decoder.weight, gain=1.5)
        variance = 1 / (1 + 1.5**2 / sigma**2)
        self.to_mean = nn.Linear(pixels, latent_dim, bias=False)
        self.to_mean.weight.data = self.decoder.weight.data.T * variance / sigma**2
        self.log_variance = nn.Parameter(torch.full((latent_dim,), math.log(variance)))

    def encode(self, images: torch.Tensor) -> DiagonalGaussianDistribution:
        mean = self.to_mean(images.flatten(1))
        return DiagonalGaussianDistribution(torch.cat([mean, self.log_variance.expand_as(mean)], 1))

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        return self.decoder(latents).unflatten(1, (1, 1, -1))

    def log_likelihood(self, images: torch.Tensor, sigma: float) -> torch.Tensor:
        """Exact log p(x): float [N]."""
        weight = self.decoder.weight
        covariance = weight @ weight.T + sigma**2 * torch.eye(len(weight))
        return torch.distributions.MultivariateNormal(torch.zeros(len(weight)), covariance).log_prob(images.flatten(1))
