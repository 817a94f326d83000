"""Adversarial autoencoder: reconstruction, then latents against the prior, then labels (arXiv:1511.05644, sections 2
and 5).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

from ..losses.adversarial import GANLoss
from .base import Batch, Networks, Objective, Terms

Codes = dict[str, torch.Tensor]  # discriminator to what it sees: float [N, D]


class AdversarialAutoencoder(Objective):
    """Four phases, each with an optimizer of its own: the autoencoder reconstructs; discriminators learn to tell codes
    from samples of the prior; the encoder fools them; and the encoder's class fits the labels.

    The discriminators are the networks `latent_discriminator` and, with classes, `class_discriminator`, whose prior is
    a one-hot vector of a uniform class. Batches then have labelled images `inputs` with their `labels`, beside
    `images` without.

    loss: of the discriminators. semi_supervised: whether there are classes. augment: applied to labelled images.
    joint: whether `latent_discriminator` sees latents beside their class, so that they have the prior in each class;
    otherwise the prior is that of all latents together, and the latents can still carry the class, in place of the one
    that a sample is conditioned on. latent_noise: standard deviation of normal noise that is added to latents in
    training, as of a Gaussian posterior (section 2.1), for which the decoder has to use the class.
    """

    def __init__(
        self,
        loss: GANLoss,
        semi_supervised: bool = False,
        augment: Callable[[torch.Tensor], torch.Tensor] | None = None,
        joint: bool = False,
        latent_noise: float = 0.0,
    ) -> None:
        super().__init__()
        if joint and not semi_supervised:
            raise ValueError("joint=True needs classes; use semi_supervised=True")
        self.loss, self.semi_supervised, self.joint, self.latent_noise = loss, semi_supervised, joint, latent_noise
        self.augment = augment or (lambda images: images)
        labelled = ("classifier",) if semi_supervised else ()
        self.players = ("autoencoder", "discriminator", "encoder", *labelled)

    def autoencoder(self, networks: Networks, batch: Batch) -> Terms:
        latents, logits = self._noisy(networks, batch["images"])
        made = networks["autoencoder"].decode(latents, None if logits is None else logits.softmax(1))
        return {"reconstruction": F.mse_loss(made.float(), batch["images"])}

    def discriminator(self, networks: Networks, batch: Batch) -> Terms:
        with torch.no_grad():
            fake = self._codes(networks, batch["images"])
        terms: Terms = {}
        for name, real in self._prior(networks, len(batch["images"])).items():
            found = self.loss.discriminator(networks[name](real).float(), networks[name](fake[name]).float())
            terms |= {f"{name.partition('_')[0]}_{term}": value for term, value in found.items()}
        return terms

    def encoder(self, networks: Networks, batch: Batch) -> Terms:
        terms: Terms = {}
        for name, codes in self._codes(networks, batch["images"]).items():
            found = self.loss.generator(None, networks[name](codes).float())
            terms |= {f"{name.partition('_')[0]}_{term}": value for term, value in found.items()}
        return terms

    def classifier(self, networks: Networks, batch: Batch) -> Terms:
        logits = networks["autoencoder"].classify(self.augment(batch["inputs"]))
        return {"cross_entropy": F.cross_entropy(logits.float(), batch["labels"])}

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """The mean squared error of a pixel on [-1, 1], and with classes the share of images whose class is wrong."""
        images = batch["images"]
        terms = {"mse": F.mse_loss(networks["autoencoder"](images).float(), images)}
        if self.semi_supervised:
            found = networks["autoencoder"].classify(images).argmax(1)
            terms["classification_error"] = (found != batch["labels"]).float().mean()
        return terms

    def _noisy(self, networks: Networks, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        latents, logits = networks["autoencoder"].codes(images)
        return (latents + self.latent_noise * torch.randn_like(latents) if self.latent_noise else latents), logits

    def _codes(self, networks: Networks, images: torch.Tensor) -> Codes:
        latents, logits = self._noisy(networks, images)
        if logits is None:
            return {"latent_discriminator": latents.float()}
        probabilities = logits.float().softmax(1)
        classes = F.one_hot(logits.argmax(1), logits.shape[1])
        return {"latent_discriminator": self._beside(latents, classes), "class_discriminator": probabilities}

    def _prior(self, networks: Networks, count: int) -> Codes:
        autoencoder = networks["autoencoder"]
        latents = autoencoder.sample_latents(count)
        if not self.semi_supervised:
            return {"latent_discriminator": latents.float()}
        num_classes = autoencoder.config.num_classes
        classes = F.one_hot(torch.randint(num_classes, (count,), device=latents.device), num_classes)
        return {"latent_discriminator": self._beside(latents, classes), "class_discriminator": classes.float()}

    def _beside(self, latents: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        return torch.cat([latents.float(), classes.float()], 1) if self.joint else latents.float()
