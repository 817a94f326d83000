"""Adversarial autoencoder (arXiv:1511.05644): a discriminator brings the latents to the prior; learns from few labels.

    hf-genimg train aae
    hf-genimg train aae data=MNIST conditional=true labels=1000

Cost: 10 s of CPU time for 6,000 images of digits, imports included.
Reached: far too short to be good: a mean squared error of 0.19 on the held-out digits after 6,000 images. MNIST with
1,000 labels has not been trained.
"""

from __future__ import annotations

from dataclasses import dataclass

from ._aae import AdversarialAutoencoderRecipe


@dataclass(frozen=True, kw_only=True)
class AAERecipe(AdversarialAutoencoderRecipe):
    """`network=conv`: image sizes 28, 32, 64 and 128; `mlp`: any. `conditional=true` also finds the class."""
