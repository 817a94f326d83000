"""What recipes of unpaired translation share: two sets that do not belong together one by one, and a GAN loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import torch
from torch import nn

from ..data import separate_split
from ..losses.adversarial import gan_loss
from ..models.cyclegan import CycleGANDiscriminator, CycleGANGenerator
from ..pipelines.translation import ImageTranslationPipeline
from ._image_to_image import ImageToImageRecipe

DIGITS, BLURRED_DIGITS = "digits", "blur:1.5"


@dataclass(frozen=True, kw_only=True)
class UnpairedRecipe(ImageToImageRecipe):
    """A translator of inputs to images like the targets, of which none is that of an input."""

    inputs: str | None = None  # a column, folder, source or degradation; none: found, and blur:1.5 of digits
    width: int = 16  # channels of the largest feature maps; 64 in the paper
    blocks: int = 3  # residual blocks of a translator; 9 in the paper, 6 below 256 pixels
    norm: str = "instance"  # batch, or none, which keeps the colours of crops below the paper's 256 pixels
    stages: int = 1  # of a discriminator: 1, 2 or 3 for patches of 16, 34 or 70 pixels
    loss: str = "least_squares"  # non_saturating, saturating, hinge, wasserstein or relativistic, patch by patch
    adversarial_weight: float = 2.0  # of the translators' GAN loss; 2 with least_squares is the authors' setting
    images: int = 600
    batch_size: int = 4
    sample_images: int = 300
    ema_half_life: int = 200
    adam_beta1: float = 0.5
    save_discriminator: bool = True  # keep it in the pipeline, for scores and for training on

    paired: ClassVar[bool] = False
    players: ClassVar[dict[str, tuple[str, ...]]] = {}  # networks by the optimizer that they share

    @property
    def inputs_used(self) -> str | None:
        built_in = separate_split(self.data)[0] == DIGITS
        return self.inputs or (BLURRED_DIGITS if built_in and self.targets is None else None)

    def check(self) -> None:
        super().check()
        for name in ("blocks", "stages"):
            self._require(name, getattr(self, name) > 0, "must be above 0")
        self._require("adversarial_weight", self.adversarial_weight > 0, "must be above 0")
        gan_loss(self.loss)

    def translator(self, image_channels: int, input_channels: int) -> CycleGANGenerator:
        """A translator between images of these channels."""
        size = {"image_size": self.image_size, "width": self.width, "blocks": self.blocks, "norm": self.norm}
        return CycleGANGenerator(**size, image_channels=image_channels, input_channels=input_channels)

    def patch_discriminator(self, image_channels: int) -> CycleGANDiscriminator:
        """A discriminator of such images."""
        return CycleGANDiscriminator(self.image_size, image_channels, self.width, self.stages, self.norm)

    def optimizers(self, models: Mapping[str, nn.Module]) -> dict[str, torch.optim.Optimizer]:
        groups = {name: nn.ModuleList(models[each] for each in names) for name, names in self.players.items()}
        return super().optimizers(groups)

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        discriminator = networks["discriminator"] if self.save_discriminator else None
        return ImageTranslationPipeline(networks["generator"], discriminator, networks.get("reverse_generator"))

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=16, width=2, blocks=2)
