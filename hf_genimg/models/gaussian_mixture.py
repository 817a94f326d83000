"""Gaussian mixture with full covariances: a prior that is fitted to the latents of an autoencoder (arXiv:1903.12436,
section 4).
"""

from __future__ import annotations

import math

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.latents import generator_for_each
from ._network import Network

Generator = torch.Generator | list[torch.Generator] | None


class GaussianMixture(Network):
    """log p(z) of latents, and samples of them. Component k is z = mean_k + L_k^-1 noise, L_k lower triangular."""

    @register_to_config
    def __init__(
        self,
        latent_dim: int = 16,
        components: int = 10,
    ) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(components))  # log weights of the components, up to a constant
        self.means = nn.Parameter(torch.randn(components, latent_dim))
        self.log_diagonals = nn.Parameter(torch.zeros(components, latent_dim))  # of L
        self.below = nn.Parameter(torch.zeros(components, latent_dim, latent_dim))  # of L, under its diagonal

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        """latents: float [N, latent_dim]. Returns log p: float [N], nats."""
        whitened = torch.einsum("kij,nkj->nki", self._factors(), latents[:, None] - self.means)
        constant = self.log_diagonals.sum(1) - 0.5 * self.config.latent_dim * math.log(2 * math.pi)
        return (self.logits.log_softmax(0) + constant - 0.5 * whitened.square().sum(2)).logsumexp(1)

    @torch.no_grad()
    def fit(self, latents: torch.Tensor, seed: int) -> None:
        """Take the weights, means and covariances that expectation maximization finds in latents, float [N,
        latent_dim], N at least `components`; seed: of its start.
        """
        from sklearn.mixture import GaussianMixture as Fitted

        found = Fitted(self.config.components, reg_covar=1e-4, random_state=seed).fit(latents.double().cpu().numpy())
        factors = torch.as_tensor(found.precisions_cholesky_).mT.to(self.below)  # log p has |(z - mean) P|^2, L = P^T
        self.logits.copy_(torch.as_tensor(found.weights_).log())
        self.means.copy_(torch.as_tensor(found.means_))
        self.log_diagonals.copy_(factors.diagonal(dim1=1, dim2=2).log())
        self.below.copy_(factors.tril(-1))

    @torch.no_grad()
    def sample_latents(
        self, num_images: int, generator: Generator = None, class_labels: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Sample float [num_images, latent_dim] on this network's device; image i draws from its own generator where
        there is a list.
        """
        if class_labels is not None:
            raise ValueError("class_labels were given, but a Gaussian mixture is unconditional; leave them out")
        sources = generator_for_each(generator, num_images, self.device)
        uniform = torch.stack([torch.rand((), **source) for source in sources])
        noise = torch.stack([torch.randn(self.config.latent_dim, **source) for source in sources])
        weights = self.logits.float().softmax(0).cumsum(0)
        chosen = (weights < uniform.to(weights.device)[:, None]).sum(1).clamp(max=len(weights) - 1)
        factors, noise = self._factors().float()[chosen], noise.to(self.means.device)
        moved = torch.linalg.solve_triangular(factors, noise[:, :, None], upper=False)[:, :, 0]
        return self.means[chosen] + moved.to(self.means.dtype)

    def _factors(self) -> torch.Tensor:
        return self.below.tril(-1) + torch.diag_embed(self.log_diagonals.exp())
