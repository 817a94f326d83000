"""Autoencoders without noise: WAE brings the latents to the prior, RAE keeps the decoder smooth and has a prior that is
fitted to the latents.
"""

from __future__ import annotations

import torch
from torch import nn

from ..losses.mmd import mmd
from .base import Batch, Networks, Objective, Terms

PENALTIES = ("l2", "gradient")


def squared_error(made: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """The squared error of an image, summed over pixels on [-1, 1], mean over the batch: a scalar."""
    return (made.float() - images).square().flatten(1).sum(1).mean()


class WassersteinAutoencoder(Objective):
    """WAE-MMD: squared error plus `mmd_weight` times the discrepancy of the latents and the prior (arXiv:1711.01558,
    algorithm 2). The encoder is deterministic: the means of the posterior are the latents.
    """

    players = ("autoencoder",)

    def __init__(self, mmd_weight: float) -> None:
        super().__init__()
        if mmd_weight < 0:
            raise ValueError(f"mmd_weight={mmd_weight} must be at least 0")
        self.mmd_weight = mmd_weight

    def autoencoder(self, networks: Networks, batch: Batch) -> Terms:
        terms = self.held_out(networks, batch)
        return {**terms, "mmd": self.mmd_weight * terms["mmd"]}

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """Squared error and discrepancy, without weights."""
        autoencoder, images = networks["autoencoder"], batch["images"]
        latents = autoencoder.encode(images).mean
        prior = autoencoder.sample_latents(len(latents)).to(latents.device)
        return {
            "reconstruction": squared_error(autoencoder.decode(latents), images),
            "mmd": mmd(latents.float(), prior.float()),
        }


class Regularized(Objective):
    """RAE: squared error + latent_weight |z|^2 / 2 + decoder_weight times a penalty of the decoder (arXiv:1903.12436,
    eq. 11), and a prior that maximizes the likelihood of the latents.

    penalty: `l2`, the squared norm of the decoder's weights; or `gradient`, the squared norm of its Jacobian, by one
    random projection, whose expectation it is. (The authors' code takes the gradient of the sum of all pixels, where
    pixels cancel each other.) The prior is trained beside the autoencoder and does not move it.
    """

    players = ("autoencoder", "prior")

    def __init__(self, latent_weight: float, decoder_weight: float, penalty: str = "l2") -> None:
        super().__init__()
        if penalty not in PENALTIES:
            raise ValueError(f"penalty={penalty!r} is not known; use one of {', '.join(PENALTIES)}")
        if latent_weight < 0 or decoder_weight < 0:
            raise ValueError(f"latent_weight={latent_weight} and decoder_weight={decoder_weight} must be at least 0")
        self.latent_weight, self.decoder_weight, self.penalty = latent_weight, decoder_weight, penalty

    def autoencoder(self, networks: Networks, batch: Batch) -> Terms:
        autoencoder, images = networks["autoencoder"], batch["images"]
        latents = autoencoder.encode(images).mean
        made = autoencoder.decode(latents)
        norm = 0.5 * latents.float().square().sum(1).mean()
        smoothness = squared_weights(autoencoder.decoder) if self.penalty == "l2" else squared_jacobian(made, latents)
        return {
            "reconstruction": squared_error(made, images),
            "latent_norm": self.latent_weight * norm,
            "decoder_penalty": self.decoder_weight * smoothness,
        }

    def prior(self, networks: Networks, batch: Batch) -> Terms:
        with torch.no_grad():
            latents = networks["autoencoder"].encode(batch["images"]).mean
        return {"negative_log_likelihood": -networks["prior"](latents.float()).mean()}

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """Squared error, and the negative log likelihood of the latents."""
        autoencoder, images = networks["autoencoder"], batch["images"]
        latents = autoencoder.encode(images).mean
        error = squared_error(autoencoder.decode(latents), images)
        return {"reconstruction": error, "latent_nll": -networks["prior"](latents.float()).mean()}


def squared_weights(decoder: nn.Module) -> torch.Tensor:
    """The squared norm of all weights of more than one dimension: a scalar."""
    return sum(weight.float().square().sum() for weight in decoder.parameters() if weight.dim() > 1)


def squared_jacobian(made: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
    """An unbiased estimate of the squared Frobenius norm of d made / d latents, mean over the batch.

    E |J^T v|^2 = |J|^2 for v standard normal. made: float [N, C, H, W], computed from latents: float [N, D].
    """
    projection = torch.randn_like(made)
    (gradients,) = torch.autograd.grad(made, latents, projection, create_graph=True)
    return gradients.float().square().sum(1).mean()
