"""Importance-weighted autoencoder, and the log likelihood of images by importance sampling (arXiv:1509.00519)."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import nn

from ..losses.variational import importance_bound, log_normal
from .base import Batch, Networks, Terms
from .likelihoods import Likelihood
from .variational import Variational

ROWS = 1_000  # latents that are decoded at once where no gradient is needed; more do not fit into a CPU's cache


def log_weights(
    autoencoder: nn.Module,
    likelihood: Likelihood,
    images: torch.Tensor,
    noise: torch.Tensor,
    kl_weight: float = 1.0,
) -> torch.Tensor:
    """log p(x | z) + kl_weight (log p(z) - log q(z | x)) of the posterior samples z = mean + deviation * noise: float
    [samples, N].

    images: float [N, C, H, W] in [-1, 1]; noise: float [samples, N, D], standard normal; the autoencoder's prior is the
    standard normal.
    """
    posterior = autoencoder.encode(images)
    mean, log_variance = posterior.mean.float(), posterior.logvar.float()
    latents = mean + (0.5 * log_variance).exp() * noise
    repeated = images.expand(len(noise), *images.shape).flatten(0, 1)
    reconstruction = likelihood(autoencoder, latents.flatten(0, 1), repeated).view(len(noise), -1)
    zero = torch.zeros_like(mean)
    ratio = (log_normal(latents, zero, zero) - log_normal(latents, mean, log_variance)).sum(2)
    return kl_weight * ratio - reconstruction


def posterior_noise(autoencoder: nn.Module, images: torch.Tensor, samples: int) -> torch.Tensor:
    """Standard normal noise for `samples` posterior samples of each image: float [samples, N, D]."""
    mean = autoencoder.encode(images).mean
    return torch.randn(samples, *mean.shape, device=mean.device)


@torch.no_grad()
def log_likelihood(
    autoencoder: nn.Module, likelihood: Likelihood, images: torch.Tensor, samples: int = 5_000
) -> torch.Tensor:
    """Estimate log p(x) of each image by importance sampling: float [N], nats; a lower bound in expectation."""
    weigh = partial(log_weights, autoencoder, likelihood, images)
    parts = [weigh(posterior_noise(autoencoder, images, size)) for size in _sizes(samples, len(images))]
    return importance_bound(torch.cat(parts))


def _sizes(samples: int, images: int) -> list[int]:
    """Parts of `samples`, each of which decodes about `ROWS` latents for so many images."""
    size = max(1, ROWS // images)
    return [min(size, samples - start) for start in range(0, samples, size)]


class ImportanceWeighted(Variational):
    """The bound of `samples` importance weights, which one sample makes the evidence lower bound (eq. 8 and 14).

    held_out_samples: how many samples the likelihood of held-out images is measured with.
    backward_samples: the gradient is a mean of those of all samples by their normalized weights (eq. 14); instead, it
    is estimated without bias from so many that are resampled by these weights. None: all.
    """

    def __init__(
        self, samples: int, held_out_samples: int, backward_samples: int | None = None, **settings: Any
    ) -> None:
        super().__init__(**settings)
        if samples < 1 or held_out_samples < 1:
            raise ValueError(f"samples={samples} and held_out_samples={held_out_samples} must be at least 1")
        if self.free_bits:
            raise ValueError(f"free_bits={self.free_bits} is not defined for importance weights; use 0")
        if backward_samples is not None and not 1 <= backward_samples <= samples:
            raise ValueError(
                f"backward_samples={backward_samples} must be from 1 to samples={samples}, or none for all"
            )
        self.samples, self.held_out_samples, self.backward_samples = samples, held_out_samples, backward_samples

    def autoencoder(self, networks: Networks, batch: Batch) -> Terms:
        autoencoder, images = networks["autoencoder"], batch["images"]
        weigh = partial(log_weights, autoencoder, self.likelihood, images, kl_weight=self.kl_weight)
        with torch.no_grad():
            noise = posterior_noise(autoencoder, images, self.samples)
            if self.backward_samples is not None:
                weights = torch.cat([weigh(part) for part in noise.split(_sizes(self.samples, len(images)))])
        if self.backward_samples is None:
            return {"negative_bound": -importance_bound(weigh(noise)).mean()}
        chosen = torch.multinomial(weights.T.softmax(1), self.backward_samples, replacement=True).T
        resampled = weigh(noise.gather(0, chosen[..., None].expand(*chosen.shape, noise.shape[2]))).mean()
        return {"negative_bound": resampled.detach() - resampled - importance_bound(weights).mean()}

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """Besides the evidence lower bound, the importance-sampled likelihood."""
        likelihood = log_likelihood(
            networks["autoencoder"], self.likelihood, batch["images"], self.held_out_samples
        ).mean()
        return {"negative_log_likelihood": -likelihood, **super().held_out(networks, batch)}
