"""Variational objectives whose latents become independent, or carry a chosen amount of information."""

from __future__ import annotations

from typing import Any

import torch

from ..losses.mmd import mmd
from ..losses.total_correlation import decompose
from .base import Networks, Terms
from .variational import Variational


class CapacityAnnealed(Variational):
    """beta-VAE with controlled capacity: beta times the distance of the KL divergence from a capacity that rises from 0
    to `capacity` nats over `capacity_images` images (arXiv:1804.03599, eq. 8).
    """

    def __init__(self, capacity: float, capacity_images: int, **settings: Any) -> None:
        super().__init__(**settings)
        if capacity <= 0 or capacity_images < 0:
            raise ValueError(f"capacity={capacity} must be above 0 and capacity_images={capacity_images} at least 0")
        self.capacity, self.capacity_images = capacity, capacity_images

    def divergence(self, networks: Networks, posterior: Any, latents: torch.Tensor) -> Terms:
        share = min(1.0, self.step.images / self.capacity_images) if self.capacity_images else 1.0
        return {"capacity": self.kl_weight * (self.batch_kl(posterior) - share * self.capacity).abs()}


class TotalCorrelation(Variational):
    """beta-TC-VAE: beta weighs the total correlation of the latents alone (arXiv:1802.04942, eq. 4, alpha = gamma = 1).

    data_size: how many images are trained on, which the estimate of the aggregate posterior depends on.
    """

    def __init__(self, data_size: int, **settings: Any) -> None:
        super().__init__(**settings)
        if self.free_bits:
            raise ValueError(f"free_bits={self.free_bits} is not defined for the parts of the divergence; use 0")
        self.data_size = data_size

    def divergence(self, networks: Networks, posterior: Any, latents: torch.Tensor) -> Terms:
        parts = decompose(latents, posterior.mean.float(), posterior.logvar.float(), self.data_size)
        return {
            "mutual_information": self.warmup * parts.mutual_information,
            "total_correlation": self.kl_weight * parts.total_correlation,
            "dimension_wise_kl": self.warmup * parts.dimension_wise_kl,
        }


class InfoVAE(Variational):
    """InfoVAE: (1 - alpha) KL + (alpha + lambda - 1) MMD (arXiv:1706.02262, eq. 6).

    information_weight: alpha; 1, the MMD-VAE, leaves the information of the latents about the image free.
    mmd_weight: lambda. Both are relative to beta, which is 1 in the paper.
    """

    def __init__(self, information_weight: float, mmd_weight: float, **settings: Any) -> None:
        super().__init__(**settings)
        if not information_weight <= 1 <= information_weight + mmd_weight:
            fact = f"information_weight={information_weight} and mmd_weight={mmd_weight}"
            raise ValueError(f"{fact} must be at most 1, and at least 1 together")
        self.information_weight, self.mmd_weight = information_weight, mmd_weight

    def divergence(self, networks: Networks, posterior: Any, latents: torch.Tensor) -> Terms:
        prior = networks["autoencoder"].sample_latents(len(latents)).to(latents)
        discrepancy = (self.information_weight + self.mmd_weight - 1) * mmd(latents, prior)
        kl = (1 - self.information_weight) * self.batch_kl(posterior)
        return {"kl": self.kl_weight * kl, "mmd": self.kl_weight * discrepancy}
