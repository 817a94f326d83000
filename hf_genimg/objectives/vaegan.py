"""VAE-GAN: the error of a reconstruction is taken in the discriminator's features (arXiv:1512.09300, algorithm 1)."""

from __future__ import annotations

import torch

from ..losses.adversarial import GANLoss
from ..losses.variational import kl_to_standard_normal
from .base import Batch, Networks, Objective, Terms


class LearnedSimilarity(Objective):
    """The encoder has the KL divergence and the error in features, the decoder `feature_weight` times that error and
    the GAN loss, the discriminator the GAN loss alone. Fakes are reconstructions, and samples of the prior.

    The error is half the squared distance of the features, summed over them (eq. 7). The authors' margins, which leave
    out updates of the player that is ahead, are not here.
    """

    players = ("encoder", "decoder", "discriminator")

    def __init__(self, loss: GANLoss, feature_weight: float, kl_weight: float = 1.0) -> None:
        super().__init__()
        if feature_weight < 0 or kl_weight < 0:
            raise ValueError(f"feature_weight={feature_weight} and kl_weight={kl_weight} must be at least 0")
        self.loss, self.feature_weight, self.kl_weight = loss, feature_weight, kl_weight

    def encoder(self, networks: Networks, batch: Batch) -> Terms:
        autoencoder, images = networks["autoencoder"], batch["images"]
        posterior = autoencoder.encode(images)
        features = networks["discriminator"].features(autoencoder.decode(posterior.sample()))
        kl = kl_to_standard_normal(posterior.mean.float(), posterior.logvar.float()).sum(1).mean()
        return {"features": self._error(networks, features, images), "kl": self.kl_weight * kl}

    def decoder(self, networks: Networks, batch: Batch) -> Terms:
        discriminator, images = networks["discriminator"], batch["images"]
        made, sampled = self._fakes(networks, images)
        features = discriminator.features(made)
        terms = {"features": self.feature_weight * self._error(networks, features, images)}
        for name, logits in (
            ("reconstructed", discriminator.logits(features)),
            ("sampled", discriminator(sampled)),
        ):
            terms |= {f"{name}_{term}": 0.5 * each for term, each in self.loss.generator(None, logits.float()).items()}
        return terms

    def discriminator(self, networks: Networks, batch: Batch) -> Terms:
        discriminator, images = networks["discriminator"], batch["images"]
        with torch.no_grad():
            fakes = self._fakes(networks, images)
        real, made, sampled = (discriminator(each).float() for each in (images, *fakes))
        first, second = self.loss.discriminator(real, made), self.loss.discriminator(real, sampled)
        return {name: 0.5 * (first[name] + second[name]) for name in first}

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """The KL divergence, the squared error of a pixel on [-1, 1] and the error in features, without weights."""
        autoencoder, images = networks["autoencoder"], batch["images"]
        posterior = autoencoder.encode(images)
        made = autoencoder.decode(posterior.mean)
        error = self._error(networks, networks["discriminator"].features(made), images)
        kl = kl_to_standard_normal(posterior.mean.float(), posterior.logvar.float()).sum(1).mean()
        return {"mse": (made.float() - images).square().mean(), "features": error, "kl": kl}

    def _error(self, networks: Networks, features: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            targets = networks["discriminator"].features(images)
        return 0.5 * (features.float() - targets.float()).square().flatten(1).sum(1).mean()

    def _fakes(self, networks: Networks, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Reconstructions, and as many samples of the prior. No gradient reaches the encoder."""
        autoencoder = networks["autoencoder"]
        with torch.no_grad():
            latents = autoencoder.encode(images).sample()
        return autoencoder.decode(latents), autoencoder.decode(autoencoder.sample_latents(len(images)).to(latents))
