"""Adversarial autoencoder (arXiv:1511.05644): a discriminator brings the latents to the prior; learns from few labels.

    hf-genimg train aae
    hf-genimg train aae data=MNIST conditional=true labels=1000

Cost: 43 s of CPU time for 50,000 images of digits with three updates each, on one x86-64 core; 8 minutes for as many
of MNIST with four, on about a quarter of a core.
Reached: digits: a mean squared error of 0.029 on the held-out ones, most samples are digits. MNIST with 1,000 labels:
1.67 percent of the 10,000 test images in the wrong class (1.44 to 1.94); the paper has 1.60 after 30 million images.
There reconstructions have 0.082, and samples of a class do not follow it yet: half are another digit, or none.
"""

from __future__ import annotations

from dataclasses import dataclass

from ._aae import AdversarialAutoencoderRecipe


@dataclass(frozen=True, kw_only=True)
class AAERecipe(AdversarialAutoencoderRecipe):
    """`network=conv`: image sizes 28, 32, 64 and 128; `mlp`: any. `conditional=true` also finds the class."""

    images: int = 50_000
    batch_size: int = 50
    sample_images: int = 25_000
    supervised_learning_rate: float = 2e-3
    ema_half_life: int = 5_000
    channels_last: bool = True
