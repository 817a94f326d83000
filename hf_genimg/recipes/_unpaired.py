"""What recipes of unpaired translation share: two sets that do not belong together one by one, and a GAN loss."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

from ..losses.adversarial import gan_loss
from ._image_to_image import ImageToImageRecipe


@dataclass(frozen=True, kw_only=True)
class UnpairedRecipe(ImageToImageRecipe):
    """A translator of inputs to images like the targets, of which none is that of an input."""

    inputs: str | None = "blur:1.5"  # a column, folder, source or degradation; none: found
    width: int = 16  # channels of the largest feature maps; 64 in the paper
    blocks: int = 3  # residual blocks of a translator; 9 in the paper, 6 below 256 pixels
    stages: int = 1  # of a discriminator: 1, 2 or 3 for patches of 16, 34 or 70 pixels
    loss: str = "least_squares"  # non_saturating, saturating, hinge, wasserstein or relativistic, patch by patch
    adversarial_weight: float = 2.0  # of the translators' GAN loss; 2 with least_squares is the authors' setting
    images: int = 2_000
    batch_size: int = 4
    sample_images: int = 1_000
    ema_half_life: int = 200
    adam_beta1: float = 0.5
    save_discriminator: bool = True  # keep it in the pipeline, for scores and for training on

    paired: ClassVar[bool] = False

    def check(self) -> None:
        super().check()
        for name in ("blocks", "stages"):
            self._require(name, getattr(self, name) > 0, "must be above 0")
        self._require("adversarial_weight", self.adversarial_weight > 0, "must be above 0")
        gan_loss(self.loss)

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=16, width=2, blocks=2)
