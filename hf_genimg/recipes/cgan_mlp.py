"""Conditional GAN (arXiv:1411.1784) with fully connected networks, as in the paper; quick, and a baseline.

    hf-genimg train cgan_mlp
    hf-genimg train cgan_mlp data=DATA dp_noise=0.6 dp_clip=4 class_heads=true black_is_zero=true n_critic=2
    batch_size=500 images=1000000 learning_rate=1e-3 schedule=cosine latent_dim=32 generator_width=64
    discriminator_width=128

The second is differentially private; `--plan` says which epsilon it spends.

Cost: 364 s for 250,000 images of digits at 28 pixels on one busy x86-64 core, of which it had 30 percent (106 s of its
time).
Reached: the packaged classifier `digits` classifies 97.95 percent of 2,000 samples as their label (97.2 to 98.5;
held-out digits: 98.65), no class below 94 percent (benchmarks/label_agreement.py). Strokes are a little noisy; within a
class there is some variety. The private one on MNIST at epsilon 10: a classifier of its samples has an accuracy of
0.582 (0.563 to 0.599) on real images (benchmarks/private_samples.py); few variants of each digit. The paper's own
maxout, dropout and plain gradient descent are not offered: on MNIST they made one image for each class.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.cgan import CGANMLPDiscriminator, CGANMLPGenerator
from ._private_gan import PrivateConditionalRecipe


@dataclass(frozen=True, kw_only=True)
class CGANMLP(PrivateConditionalRecipe):
    """Any image size, grey or colour; data with classes."""

    images: int = 250_000
    generator_width: int = 128  # of the first hidden layer
    discriminator_width: int = 512  # of the first hidden layer
    class_heads: bool = False  # the discriminator has a logit for each class, instead of the class as an input
    black_is_zero: bool = False  # for the discriminator: dark pixels then add nothing to a gradient that is clipped

    def models(self) -> dict[str, nn.Module]:
        return {
            "generator": CGANMLPGenerator(**self.sizes(), **self.latents(), width=self.generator_width),
            "discriminator": CGANMLPDiscriminator(
                **self.sizes(),
                width=self.discriminator_width,
                black_is_zero=self.black_is_zero,
                class_heads=self.class_heads,
            ),
        }

    def smoke(self) -> Self:
        return replace(super().smoke(), generator_width=8, discriminator_width=16)
