"""A prior that is fitted to the latents of a trained autoencoder (arXiv:1903.12436, section 4): a mixture or a flow.

    hf-genimg train latent_prior model=runs/conv_vae
    hf-genimg train latent_prior model=runs/conv_vae kind=flow

Cost: 6 s of CPU time for 20,000 images of digits, imports included.
Reached: on the shipped `vae-digits`, FID 4.1, precision 0.81, recall 0.47 with the mixture, 8.9, 0.64 and 0.63 with
the flow, and 13.3, 0.56 and 0.73 with the standard normal (hf-genimg evaluate runs/latent_prior --reference
digits@test --num 2000). More data and models, with intervals: benchmarks/latent_prior.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from ..models.conv_vae import ConvVAE
from ..models.coupling_flow import CouplingFlow
from ..models.gaussian_mixture import GaussianMixture
from ._prior import VectorPriorRecipe

KINDS = ("mixture", "flow")


@dataclass(frozen=True, kw_only=True)
class LatentPrior(VectorPriorRecipe):
    """Begins where expectation maximization ends, or for a flow at a normal distribution; then the likelihood rises."""

    kind: str = "mixture"  # of Gaussians, or flow
    images: int = 20_000
    batch_size: int = 128
    components: int = 10  # of a mixture
    width: int = 128  # of a flow
    depth: int = 8  # couplings of a flow

    first_stage: ClassVar[str] = "conv_vae"

    def check(self) -> None:
        super().check()
        self._require("kind", self.kind in KINDS, f"is not known; use {' or '.join(KINDS)}")
        self._require("components", self.components > 0, "must be above 0")
        self._require("depth", self.depth > 0, "must be above 0")

    def models(self) -> dict[str, nn.Module]:
        size = self.latent_size()
        flow = self.kind == "flow"
        return {"prior": CouplingFlow(size, self.width, self.depth) if flow else GaussianMixture(size, self.components)}

    def advance(self, networks: Mapping[str, nn.Module], images: int) -> None:
        """Fit the prior before the first step."""
        if not images:
            networks["prior"].fit(self.latents().to(next(networks["prior"].parameters()).device), self.seed)

    def untrained_autoencoder(self) -> torch.nn.Module:
        return ConvVAE(self.image_size, self.image_channels or 1, latent_dim=4, width=4)
