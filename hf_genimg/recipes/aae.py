"""Adversarial autoencoder (arXiv:1511.05644): a discriminator brings the latents to the prior; learns from few labels.

    hf-genimg train aae
    hf-genimg train aae data=MNIST conditional=true labels=1000

Cost: TODO
Reached: TODO
"""

from __future__ import annotations

from dataclasses import dataclass

from ._aae import AdversarialAutoencoderRecipe


@dataclass(frozen=True, kw_only=True)
class AAERecipe(AdversarialAutoencoderRecipe):
    """`network=conv`: image sizes 28, 32, 64 and 128; `mlp`: any. `conditional=true` also finds the class."""
