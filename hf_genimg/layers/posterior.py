"""The Gaussian posterior q(z | x) of an autoencoder with vector latents."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class DiagonalGaussian:
    """N(mean, exp(log_variance)), one per image; both float [N, D]."""

    mean: torch.Tensor
    log_variance: torch.Tensor

    def sample(self, generator: torch.Generator | None = None) -> torch.Tensor:
        """One reparametrised sample per image: float [N, D], differentiable in both parameters (arXiv:1312.6114,
        section 2.4).
        """
        noise = torch.randn(self.mean.shape, generator=generator, device=self.mean.device, dtype=self.mean.dtype)
        return self.mean + (0.5 * self.log_variance).exp() * noise
