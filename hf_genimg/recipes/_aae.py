"""What the recipes of adversarial autoencoders share: networks, phases and their optimizers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from torch import nn

from ..data.partly_labelled import partly_labelled
from ..layers.jitter import jitter
from ..losses.adversarial import gan_loss
from ..models.aae import AAE, AAEDiscriminator
from ..objectives.adversarial_autoencoder import AdversarialAutoencoder
from ._labels import LabelledRecipe
from ._variational import AutoencoderRecipe


@dataclass(frozen=True, kw_only=True)
class AdversarialAutoencoderRecipe(LabelledRecipe, AutoencoderRecipe):
    """An autoencoder against a discriminator of its latents, and with classes against one of these."""

    conditional: bool = False  # true: semi-supervised, with the labels of `labels` images
    labels: int | None = None  # how many labels it learns from, equally many of each class; none: all
    augment: bool = True  # labelled images are shifted, rotated, resized and blurred
    joint_prior: bool = True  # with classes: latents have the prior in each class, for their discriminator sees it too
    images: int = 200_000
    batch_size: int = 100
    learning_rate: float = 1e-3  # of the reconstruction
    adversarial_learning_rate: float = 4e-4  # of discriminators, and of the encoder that fools them
    supervised_learning_rate: float = 1e-3  # of the encoder that fits the labels
    schedule: str = "cosine"
    latent_dim: int = 8
    latent_std: float = 1.0  # of the normal prior
    latent_noise: float = 0.0  # standard deviation of what is added to latents in training; below latent_std
    network: str = "conv"  # of the autoencoder: conv or mlp
    width: int = 16  # channels of the first map, or of mlp the hidden units
    discriminator_width: int = 256  # hidden units; 1000 in the paper

    def check(self) -> None:
        super().check()
        self._require("labels", self.labels is None or self.conditional, "needs conditional=true; leave it out")
        rule = f"must be at least 0 and below latent_std={self.latent_std}"
        self._require("latent_noise", 0 <= self.latent_noise < self.latent_std or not self.latent_noise, rule)
        for name in ("adversarial_learning_rate", "supervised_learning_rate"):
            self._require(name, getattr(self, name) > 0, "must be above 0")

    def dataset(self, split: str | None = None) -> Any:
        """With labels, those of a split that is trained on are left out but for `labels` of them."""
        dataset = super().dataset(split)
        return partly_labelled(dataset, self.labels, self.seed) if self.conditional and split is None else dataset

    def models(self) -> dict[str, nn.Module]:
        names = ("latent_dim", "width", "network", "latent_std")
        networks: dict[str, nn.Module] = {"autoencoder": AAE(**self.sizes(), **{n: getattr(self, n) for n in names})}
        classes, joint = self.sizes()["num_classes"], self.conditional and self.joint_prior
        seen = self.latent_dim + (classes if joint else 0)
        networks["latent_discriminator"] = AAEDiscriminator(seen, self.discriminator_width)
        if self.conditional:
            networks["class_discriminator"] = AAEDiscriminator(classes, self.discriminator_width)
        return networks

    def objective(self) -> AdversarialAutoencoder:
        joint = self.conditional and self.joint_prior
        augment = jitter if self.augment else None
        return AdversarialAutoencoder(gan_loss("non_saturating"), self.conditional, augment, joint, self.latent_noise)

    def optimizers(self, models: Mapping[str, nn.Module]) -> dict[str, torch.optim.Optimizer]:
        autoencoder = models["autoencoder"]
        encoder = [w for name, w in autoencoder.named_parameters() if not name.startswith("decoder.")]
        discriminators = [w for name, network in models.items() if name != "autoencoder" for w in network.parameters()]
        players = {
            "autoencoder": (autoencoder.parameters(), self.learning_rate),
            "discriminator": (discriminators, self.adversarial_learning_rate),
            "encoder": (encoder, self.adversarial_learning_rate),
            **({"classifier": (encoder, self.supervised_learning_rate)} if self.conditional else {}),
        }
        betas = {"autoencoder": self.adam_beta1, "classifier": self.adam_beta1, "discriminator": 0.5, "encoder": 0.5}
        return {
            name: torch.optim.Adam(weights, rate, (betas[name], self.adam_beta2), fused=self.fused_optimizer)
            for name, (weights, rate) in players.items()
        }

    def smoke(self) -> Self:
        return replace(super().smoke(), width=4, discriminator_width=8)
