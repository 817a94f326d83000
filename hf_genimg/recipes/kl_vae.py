"""The KL autoencoder of latent diffusion (arXiv:2112.10752): residual blocks and a map of latents, as in diffusers.

    hf-genimg train kl_vae
    hf-genimg train kl_vae data=FACES image_size=64 latent_dim=256 width=32 groups=32 multipliers=1,2,2,4 flip=true

`load("runs/kl_vae").autoencoder.to_diffusers().save_pretrained(FOLDER)` makes an AutoencoderKL of diffusers, and
`KLVAE.from_diffusers(AutoencoderKL.from_pretrained(FOLDER))` takes one. The first stages that are published have a
discriminator and a perceptual distance besides, which this one lacks.

Cost: 142 s for 8,000 images of digits at 32 pixels on one x86-64 core (58 images/s).
Reached: on the 297 held-out digits a reconstruction of 22.8 dB, with 54 nats in 32 latents; diffusers' AutoencoderKL of
it differs by at most 1.4e-6. Samples are blurred strokes, about half of them digits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.kl_vae import KLVAE
from ._variational import VariationalRecipe


@dataclass(frozen=True, kw_only=True)
class KLVAERecipe(VariationalRecipe):
    """Image sizes that are multiples of 8 (of 2 for each level after the first), grey or colour."""

    image_size: int = 32
    images: int = 8_000
    batch_size: int = 32
    sample_images: int = 4_000
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    likelihood: str = "gaussian"  # or discretized_logistic
    sigma: float | None = 0.2  # deviation of a pixel, on [-1, 1]; none: learned
    latent_dim: int = 32  # a multiple of the map's height times width, here 4x4
    width: int = 16  # channels of the first level; 128 in the paper
    multipliers: str = "1,2,2,4"  # channels of each level over width; a level more halves the map
    blocks: int = 1  # residual blocks of a level; 2 in the paper
    groups: int = 8  # of the norms; 32 in the paper

    def check(self) -> None:
        super().check()
        given = [part.strip() for part in self.multipliers.split(",")]
        rule = "must be whole numbers above 0, joined with commas"
        self._require("multipliers", all(part.isdecimal() and int(part) > 0 for part in given), rule)
        means = self.likelihood in ("gaussian", "discretized_logistic")
        self._require("likelihood", means, "needs log-odds, which this network lacks; use gaussian")

    def models(self) -> dict[str, nn.Module]:
        size = {"image_size": self.image_size, "image_channels": self.image_channels or 1}
        names = ("latent_dim", "width", "blocks", "groups")
        levels = [int(part) for part in self.multipliers.split(",")]
        return {"autoencoder": KLVAE(**size, **{name: getattr(self, name) for name in names}, multipliers=levels)}

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=16, width=4, groups=2, latent_dim=4)
