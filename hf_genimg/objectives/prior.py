"""A prior that maximizes the likelihood of the latents of a frozen autoencoder (arXiv:1711.00937, section 3.3)."""

from __future__ import annotations

import torch

from .base import Batch, Networks, Objective, Terms, conditions_of


class LatentLikelihood(Objective):
    """-log p of the latents of the network `first_stage` under the network `prior`, nats per dimension or token."""

    players = ("prior",)

    def prior(self, networks: Networks, batch: Batch) -> Terms:
        """The term on `batch["images"]`, float [N, C, H, W] in [-1, 1]; latents are the means of the posteriors."""
        with torch.no_grad():
            latents = networks["first_stage"].encode(batch["images"]).mean
        latents = latents.float() if latents.is_floating_point() else latents
        log_likelihood = networks["prior"](latents, **conditions_of(networks["prior"], batch))
        return {"negative_log_likelihood": -log_likelihood.mean() / latents.shape[1]}

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        return self.prior(networks, batch)
