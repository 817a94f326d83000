"""Adversarial autoencoder (arXiv:1511.05644): a discriminator brings the latents to the prior; learns from few labels.

    hf-genimg train aae
    hf-genimg train aae data=MNIST conditional=true labels=1000 images=70000 latent_noise=0.4 \
        adversarial_learning_rate=0.001

Cost: 43 s of CPU time for 50,000 images of digits with three updates each, on one x86-64 core.
Reached: digits: a mean squared error of 0.029 on the held-out ones, most samples are digits. MNIST, by the second
command: 1.56 percent of the 10,000 test images in the wrong class (1.34 to 1.82); the paper has 1.60 after 30 million
images. 87.4 percent (85.2 to 89.3) of 1,000 samples are read as the digit that they are conditioned on by the
classifier `digits`, which is right on 83.5 percent of the test images; by eye nearly all are, some faint. Without
joint_prior and noise the latents carry the class: about half of the samples are another digit or none. Reconstructions
had 0.082 then, and have 0.095.
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
