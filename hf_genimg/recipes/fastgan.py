"""FastGAN (arXiv:2101.04775), lite: skip-layer excitation, a discriminator that reconstructs; for few images.

    hf-genimg train fastgan data=PICTURES image_size=64 flip=true

Data other than digits need pip install 'hf_genimg[features]' for the perceptual distance.
Cost: 31 images of 64 pixels a second of one core, 10 minutes for 19,683 (benchmarks/evening.py).
Reached: of 289 paintings, after these, brushwork, seas and skies; of 9,000 faces (CelebA), after 37,442 images in 18
minutes, mostly sharp ones; of sprites at 32 pixels, after 14,478, outlined shapes, few figures. FID 2.5, 0.8 and
21.0, recall 0.82, 0.85 and 0.53 by a classifier that it was not trained with; 170, 48.7 and 150 by EfficientNet-Lite0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.fastgan import FastGANDiscriminator, FastGANGenerator
from ..objectives.reconstructing import Reconstructing
from ._adversarial import AdversarialRecipe
from ._perceptual import perceptual_distance


@dataclass(frozen=True, kw_only=True)
class FastGAN(AdversarialRecipe):
    """Image sizes 16, 32, 64, 128, 256, 512 and 1024, grey or colour."""

    loss: str = "jittered_hinge"
    image_size: int = 32
    images: int = 60_000
    batch_size: int = 16
    learning_rate: float = 4e-4  # the paper has 2e-4, for networks four times as wide
    adam_beta2: float = 0.999
    ema_half_life: int = 3_000
    diff_augment: str | None = "color,translation"
    mixed_precision: str = "bf16"
    channels_last: bool = True
    latent_dim: int = 64
    width: int = 16  # of both networks; 64 in the paper
    lite: bool = True  # the generator's plain blocks only, without noise
    reconstruction: float = 8.0  # weight of the reconstructions of real images; 0: none
    features: str | None = None  # feature network of their distance; none: digits for data=digits, else lite0
    feature_weights: str | None = None  # a file of its weights, where they are in no package

    def models(self) -> dict[str, nn.Module]:
        sizes = {"image_size": self.image_size, "image_channels": self.image_channels or 1, "width": self.width}
        latents = {"latent_dim": self.latent_dim, "latent_distribution": self.latent_distribution}
        generator = FastGANGenerator(**sizes, **latents, lite=self.lite)
        return {"generator": generator, "discriminator": FastGANDiscriminator(**sizes)}

    def frozen(self) -> dict[str, nn.Module]:
        parts = (self.data, self.image_size, self.features, self.feature_weights)
        return {"distance": perceptual_distance(*parts)} if self.reconstruction else {}

    def objective(self) -> Reconstructing:
        return Reconstructing(**self.objective_parts(), weight=self.reconstruction)

    def smoke(self) -> Self:
        return replace(super().smoke(), width=4)
