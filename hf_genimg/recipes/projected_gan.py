"""Projected GAN (arXiv:2111.01007): a discriminator on the feature maps of a frozen pretrained network.

    hf-genimg train projected_gan data=FACES image_size=64 flip=true feature_resolution=96 images=90912 --out coarse
    hf-genimg train projected_gan data=FACES image_size=64 flip=true init=coarse images=25216 --out fine
    hf-genimg train projected_gan data=FACES image_size=64 flip=true init=fine diff_augment=translation images=23232

Data other than digits need pip install 'hf_genimg[features]'; on digits the discriminator sees the shipped classifier's
maps, so that nothing is downloaded, and the extractor `digits` flatters the samples.
Cost: 33, 14 and 13 minutes of one x86-64 core: 47 images a second with features at 96 pixels, 30 at 128, the default.
Reached: of 9,000 faces (CelebA), with ema_half_life=3000 and then 5000, many kinds of faces, of which about half have
doubled noses or merged eyes; FID 15.6, precision 0.67, recall 0.14 of 2,000 images by efficientnet-lite0, which
flatters them; by the classifier of sprites, which does not, 0.51, 0.90, 0.85; no copies, and 8.9 percent
near-duplicates, which is an alarm. The features at twice the size sharpened eyes and mouths within 10,000 images. Of
2,479 sprites at 32 pixels, after 29,184 images: circles and tiles of few kinds, far behind `dcgan`.
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
