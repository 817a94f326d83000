"""Variational objective: an autoencoder maximizes the evidence lower bound (arXiv:1312.6114)."""

from __future__ import annotations

import torch
from torch import nn

from ..losses.variational import (
    bernoulli_negative_log_likelihood,
    gaussian_negative_log_likelihood,
    kl_to_standard_normal,
)
from .base import Batch, Networks, Objective, Terms

LIKELIHOODS = ("bernoulli", "gaussian")


class Variational(Objective):
    """Reconstruction plus beta times the KL divergence to the prior, nats per image, one posterior sample per image.

    likelihood: `bernoulli` takes grey levels as probabilities; `gaussian` has a fixed `sigma`, on images in [-1, 1].
    beta: 1 is the evidence lower bound; above 1 it is the beta-VAE (Higgins et al., ICLR 2017).
    """

    players = ("autoencoder",)

    def __init__(self, likelihood: str = "bernoulli", beta: float = 1.0, sigma: float = 1.0) -> None:
        super().__init__()
        if likelihood not in LIKELIHOODS:
            raise ValueError(f"likelihood={likelihood!r} is not known; use one of {', '.join(LIKELIHOODS)}")
        if beta < 0 or sigma <= 0:
            raise ValueError(f"beta={beta} must be at least 0 and sigma={sigma} above 0")
        self.likelihood, self.beta, self.sigma = likelihood, beta, sigma

    def autoencoder(self, networks: Networks, batch: Batch) -> Terms:
        """The terms on `batch["images"]`: float [N, C, H, W] in [-1, 1]."""
        reconstruction, kl = self._bound(networks["autoencoder"], batch["images"])
        return {"reconstruction": reconstruction, "kl": self.beta * kl}

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """The negative evidence lower bound, whatever beta is, and its two halves."""
        reconstruction, kl = self._bound(networks["autoencoder"], batch["images"])
        return {"negative_elbo": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}

    def _bound(self, autoencoder: nn.Module, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        posterior = autoencoder.encode(images)
        latents = posterior.sample()
        if self.likelihood == "bernoulli":
            reconstruction = bernoulli_negative_log_likelihood(autoencoder.logits(latents).float(), images)
        else:
            reconstruction = gaussian_negative_log_likelihood(autoencoder.decode(latents).float(), images, self.sigma)
        return reconstruction, kl_to_standard_normal(posterior.mean.float(), posterior.logvar.float())
