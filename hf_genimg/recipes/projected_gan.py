"""Projected GAN (arXiv:2111.01007): a discriminator on the feature maps of a frozen pretrained network.

    hf-genimg train projected_gan data=SPRITES image_size=32 images=14304
    hf-genimg train projected_gan data=FACES image_size=64 flip=true images=7488

Data other than digits need pip install 'hf_genimg[features]'; on digits the discriminator sees the shipped classifier's
maps, so that nothing is downloaded, and the extractor `digits` flatters the samples.
Cost: 3.5 minutes of CPU time each, 21 of wall time beside much other work: about 70 and 37 images for a second of CPU
time, of which the feature network has 38 and 32 percent.
Reached: far too short to be good. Of 2,479 sprites, wall tiles and stones of few kinds: FID 24.7, precision 0.74 and
recall 0.45 by a LeNet for them, where `dcgan` has 1.9 after 317,312 images. Of 9,000 faces (CelebA), heads with hair,
eyes and mouths, not yet recognisable.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from ..models.cgan import CGANGenerator
from ..models.dcgan import DCGANGenerator
from ..models.projected_gan import ProjectedGANGenerator
from ._projected import ProjectedRecipe


@dataclass(frozen=True, kw_only=True)
class ProjectedGAN(ProjectedRecipe):
    """Image sizes 16, 32, 64, 128 and 256, grey or colour; `conditional=true` learns classes too."""

    conditional: bool = False
    loss: str = "hinge"
    image_size: int = 32
    images: int = 70_000
    batch_size: int = 32
    learning_rate: float = 2e-4
    adam_beta1: float = 0.0
    adam_beta2: float = 0.99
    ema_half_life: int = 10_000
    diff_augment: str | None = "color,translation,cutout"
    mixed_precision: str = "bf16"
    channels_last: bool = True
    latent_dim: int = 64
    generator: str = "fastgan"  # or dcgan
    width: int = 16  # of the generator: for fastgan half the channels at 32 and 64 pixels, 64 in the paper

    def check(self) -> None:
        super().check()
        self._require("generator", self.generator in ("fastgan", "dcgan"), "is not known; use fastgan or dcgan")

    def models(self) -> dict[str, nn.Module]:
        arguments = {**self.sizes(), **self.latents(), "width": self.width}
        made = {"fastgan": ProjectedGANGenerator, "dcgan": CGANGenerator if self.conditional else DCGANGenerator}
        if made[self.generator] is DCGANGenerator:
            arguments.pop("num_classes")
        return {"generator": made[self.generator](**arguments), "discriminator": self.discriminator()}
