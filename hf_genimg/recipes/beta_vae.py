"""Beta-VAE (Higgins et al., ICLR 2017; arXiv:1804.03599): the KL divergence has a weight, or a capacity that grows.

    hf-genimg train beta_vae
    hf-genimg train beta_vae beta=4 capacity=none

Cost: 54 s of CPU time for 100,000 images of digits.
Reached: on digits, FID 14.2, precision 0.47, recall 0.86 (hf-genimg evaluate runs/beta_vae --reference digits@test),
a KL divergence of 17.8 nats for each held-out image, where the capacity ends at 18.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..objectives.disentangling import CapacityAnnealed
from ..objectives.variational import Variational
from ._variational import Convolutional, VariationalRecipe


@dataclass(frozen=True, kw_only=True)
class BetaVAE(Convolutional, VariationalRecipe):
    """Image sizes 28, 32, 64 and 128, grey or colour."""

    latent_dim: int = 10
    beta: float = 10.0  # weight of the KL divergence, or of its distance from the capacity
    capacity: float | None = 18.0  # nats that the KL divergence rises to; none: it is only weighed by beta
    capacity_images: int = 50_000  # the capacity rises from 0 over so many images

    def check(self) -> None:
        super().check()
        self._require("capacity", self.capacity is None or self.capacity > 0, "must be above 0, or none")
        self._require("capacity_images", self.capacity_images >= 0, "must be at least 0")

    def objective(self) -> Variational:
        if self.capacity is None:
            return super().objective()
        return CapacityAnnealed(self.capacity, self.capacity_images, **self.variational())
