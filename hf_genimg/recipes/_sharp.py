"""What recipes share that enlarge images so that they look sharp: a perceptual distance and a GAN loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from torch import nn

from ..layers.dihedral import turn_together
from ..losses.adversarial import gan_loss
from ..models.srgan import SRGANDiscriminator
from ..objectives.perceptual_gan import PerceptualGAN
from ..pipelines.translation import ImageTranslationPipeline
from ._image_to_image import ImageToImageRecipe
from ._perceptual import perceptual_distance


@dataclass(frozen=True, kw_only=True)
class PerceptualRecipe(ImageToImageRecipe):
    """Start from the same network trained by a pixel loss, with init=RUN: GANs that begin with noise seldom find their
    way.
    """

    scale: int = 2  # how many times larger the images are than the inputs
    image_size: int = 32
    discriminator_width: int = 16  # channels of its first feature maps; 64 in the paper
    loss: str = "non_saturating"  # saturating, least_squares, hinge, wasserstein or relativistic
    l1_weight: float = 1.0  # of the mean absolute difference; 0.01 in the papers
    perceptual_weight: float = 1.0  # of the distance in the feature network, 1 for unrelated images
    adversarial_weight: float = 0.01  # of the generator's GAN loss; 0.001 in SRGAN, 0.005 in ESRGAN
    features: str | None = None  # of the distance: as in `list extractors`; none: digits or efficientnet-lite0
    feature_weights: str | None = None  # a file with the weights of vgg16, vgg19 and others that are not installed
    turn: bool = True  # train on pairs that are turned by quarter turns and mirrored too, both sides alike
    images: int = 1_000
    batch_size: int = 8
    sample_images: int = 500
    learning_rate: float = 1e-4
    ema_half_life: int = 200
    save_discriminator: bool = True  # keep it in the pipeline, for scores and for training on

    @property
    def inputs_used(self) -> str | None:
        return self.inputs or f"downscale:{self.scale}"

    def check(self) -> None:
        super().check()
        for name in ("l1_weight", "perceptual_weight", "adversarial_weight"):
            self._require(name, getattr(self, name) >= 0, "must be at least 0")

    def frozen(self) -> dict[str, nn.Module]:
        return {"perceptual": perceptual_distance(self.data, self.image_size, self.features, self.feature_weights)}

    def discriminator(self) -> SRGANDiscriminator:
        """That of SRGAN, for images of this size."""
        width = self.discriminator_width
        return SRGANDiscriminator(self.image_size, self.channels()["image_channels"], width, 16 * width)

    def objective(self) -> PerceptualGAN:
        weights = (self.l1_weight, self.perceptual_weight, self.adversarial_weight)
        return PerceptualGAN(gan_loss(self.loss), *weights, turn_together if self.turn else None)

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        return ImageTranslationPipeline(
            networks["generator"], networks["discriminator"] if self.save_discriminator else None
        )

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=32, width=4, blocks=1, discriminator_width=2)
