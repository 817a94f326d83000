"""Variational objective: an autoencoder maximizes the evidence lower bound (arXiv:1312.6114)."""

from __future__ import annotations

from typing import Any

import torch

from ..losses.variational import free_nats, kl_to_standard_normal
from .base import Batch, Networks, Objective, Terms
from .likelihoods import Likelihood


class Variational(Objective):
    """Reconstruction plus beta times the KL divergence to the prior, nats per image, one posterior sample per image.

    likelihood, sigma: as for `Likelihood`.
    beta: 1 is the evidence lower bound; above 1 it is the beta-VAE (Higgins et al., ICLR 2017).
    free_bits: nats that the divergence of each latent, in the mean over a micro-batch, counts at least
    (arXiv:1606.04934, eq. 15). kl_warmup_images: beta rises from 0 over so many images (arXiv:1602.02282).
    """

    players = ("autoencoder",)

    def __init__(
        self,
        likelihood: str = "bernoulli",
        beta: float = 1.0,
        sigma: float | None = 1.0,
        free_bits: float = 0.0,
        kl_warmup_images: int = 0,
    ) -> None:
        super().__init__()
        if beta < 0:
            raise ValueError(f"beta={beta} must be at least 0")
        if free_bits < 0 or kl_warmup_images < 0:
            raise ValueError(f"free_bits={free_bits} and kl_warmup_images={kl_warmup_images} must be at least 0")
        self.likelihood = Likelihood(likelihood, sigma)
        self.beta, self.free_bits, self.kl_warmup_images = beta, free_bits, kl_warmup_images

    @property
    def warmup(self) -> float:
        """How far the weight of the divergence has risen, from 0 to 1."""
        return min(1.0, self.step.images / self.kl_warmup_images) if self.kl_warmup_images else 1.0

    @property
    def kl_weight(self) -> float:
        """Beta, as far as it has risen."""
        return self.beta * self.warmup

    def autoencoder(self, networks: Networks, batch: Batch) -> Terms:
        """The terms on `batch["images"]`: float [N, C, H, W] in [-1, 1]."""
        autoencoder, images = networks["autoencoder"], batch["images"]
        posterior = autoencoder.encode(images)
        latents = posterior.sample()
        reconstruction = self.likelihood(autoencoder, latents, images).mean()
        return {"reconstruction": reconstruction, **self.divergence(networks, posterior, latents.float())}

    def divergence(self, networks: Networks, posterior: Any, latents: torch.Tensor) -> Terms:
        """What keeps the posterior near the prior; latents: float [N, D], a sample of each posterior."""
        return {"kl": self.kl_weight * self.batch_kl(posterior)}

    def batch_kl(self, posterior: Any) -> torch.Tensor:
        """The KL divergence of a batch, a scalar, with its free bits."""
        kl = kl_to_standard_normal(posterior.mean.float(), posterior.logvar.float())
        return free_nats(kl, self.free_bits)

    def update(self, player: str, networks: Networks) -> None:
        self.likelihood.update(self.step.batch_size)

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """The negative evidence lower bound, whatever the weights of training are, and its two halves."""
        autoencoder, images = networks["autoencoder"], batch["images"]
        posterior = autoencoder.encode(images)
        reconstruction = self.likelihood(autoencoder, posterior.sample(), images).mean()
        kl = kl_to_standard_normal(posterior.mean.float(), posterior.logvar.float()).sum(1).mean()
        return {"negative_elbo": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}
