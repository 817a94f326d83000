"""FactorVAE: the total correlation of the latents by a discriminator's density ratio (arXiv:1802.05983, eq. 2 and
algorithm 2).
"""

from __future__ import annotations

from typing import Any

import torch

from ..losses.adversarial import fake_loss, real_loss
from .base import Batch, Networks, Terms
from .variational import Variational


class Factor(Variational):
    """The evidence lower bound, and `tc_weight` times the total correlation, which the network `discriminator`
    estimates.

    The discriminator tells latents of images from latents of which each dimension is of another image. In its update
    one half of a batch is of the first kind, and the other half is shuffled.
    """

    players = ("autoencoder", "discriminator")

    def __init__(self, tc_weight: float, **settings: Any) -> None:
        super().__init__(**settings)
        if tc_weight < 0:
            raise ValueError(f"tc_weight={tc_weight} must be at least 0")
        self.tc_weight = tc_weight

    def divergence(self, networks: Networks, posterior: Any, latents: torch.Tensor) -> Terms:
        total_correlation = networks["discriminator"](latents).float().mean()
        weight = self.tc_weight * self.warmup
        return {**super().divergence(networks, posterior, latents), "total_correlation": weight * total_correlation}

    def discriminator(self, networks: Networks, batch: Batch) -> Terms:
        with torch.no_grad():
            latents = networks["autoencoder"].encode(batch["images"]).sample().float()
        together, others = latents.tensor_split(2)
        logits = networks["discriminator"](together).float(), networks["discriminator"](shuffled(others)).float()
        return {"together": 0.5 * real_loss(logits[0]), "shuffled": 0.5 * fake_loss(logits[1])}

    def update(self, player: str, networks: Networks) -> None:
        if player == "autoencoder":
            super().update(player, networks)


def shuffled(latents: torch.Tensor) -> torch.Tensor:
    """Each dimension in an order of its own, by torch's global generator: float [N, D] to the same."""
    order = torch.rand(latents.shape, device=latents.device).argsort(0)
    return latents.gather(0, order)
