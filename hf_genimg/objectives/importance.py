"""Importance-weighted autoencoder, and the log likelihood of images by importance sampling (arXiv:1509.00519)."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ..losses.variational import importance_bound, log_normal
from .base import Batch, Networks, Terms
from .likelihoods import Likelihood
from .variational import Variational

AT_ONCE = 50  # samples of an image that are decoded at once in a measurement


def log_weights(
    autoencoder: nn.Module, likelihood: Likelihood, images: torch.Tensor, samples: int, kl_weight: float = 1.0
) -> torch.Tensor:
    """log p(x | z) + kl_weight (log p(z) - log q(z | x)) of `samples` draws from the posterior: float [samples, N].

    images: float [N, C, H, W] in [-1, 1]; the autoencoder's prior is the standard normal.
    """
    posterior = autoencoder.encode(images)
    mean, log_variance = posterior.mean.float(), posterior.logvar.float()
    noise = torch.randn(samples, *mean.shape, device=mean.device)
    latents = mean + (0.5 * log_variance).exp() * noise
    repeated = images.expand(samples, *images.shape).flatten(0, 1)
    reconstruction = likelihood(autoencoder, latents.flatten(0, 1), repeated).view(samples, -1)
    zero = torch.zeros_like(mean)
    ratio = (log_normal(latents, zero, zero) - log_normal(latents, mean, log_variance)).sum(2)
    return kl_weight * ratio - reconstruction


@torch.no_grad()
def log_likelihood(
    autoencoder: nn.Module, likelihood: Likelihood, images: torch.Tensor, samples: int = 5_000
) -> torch.Tensor:
    """Estimate log p(x) of each image by importance sampling: float [N], nats; a lower bound in expectation."""
    sizes = [min(AT_ONCE, samples - start) for start in range(0, samples, AT_ONCE)]
    parts = [log_weights(autoencoder, likelihood, images, size) for size in sizes]
    return importance_bound(torch.cat(parts))


class ImportanceWeighted(Variational):
    """The bound of `samples` importance weights, which one sample makes the evidence lower bound (eq. 8 and 14).

    held_out_samples: how many samples the likelihood of held-out images is measured with.
    """

    def __init__(self, samples: int, held_out_samples: int, **settings: Any) -> None:
        super().__init__(**settings)
        if samples < 1 or held_out_samples < 1:
            raise ValueError(f"samples={samples} and held_out_samples={held_out_samples} must be at least 1")
        if self.free_bits:
            raise ValueError(f"free_bits={self.free_bits} is not defined for importance weights; use 0")
        self.samples, self.held_out_samples = samples, held_out_samples

    def autoencoder(self, networks: Networks, batch: Batch) -> Terms:
        weights = log_weights(networks["autoencoder"], self.likelihood, batch["images"], self.samples, self.kl_weight)
        return {"negative_bound": -importance_bound(weights).mean()}

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """Besides the evidence lower bound, the importance-sampled likelihood."""
        likelihood = log_likelihood(
            networks["autoencoder"], self.likelihood, batch["images"], self.held_out_samples
        ).mean()
        return {"negative_log_likelihood": -likelihood, **super().held_out(networks, batch)}
