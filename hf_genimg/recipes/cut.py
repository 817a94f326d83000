"""CUT (arXiv:2007.15651): one translator between pictures that are no pairs, by a contrastive loss of patches.

    hf-genimg train cut
    hf-genimg train cut inputs=PHOTOS targets=PAINTINGS image_size=64 random_crop=true

Published setting: image_size=256 crop_from=286 random_crop=true flip=true width=64 blocks=9 stages=3 patches=256
batch_size=1 schedule=linear, 400 epochs of which the first 200 keep the learning rate; nce_weight=10 identity_weight=0
is FastCUT. The published translator halves and doubles with blurred strides; here it is CycleGAN's.

Cost: 16 s of CPU time for images=400 of digits at 28 pixels on one x86-64 core.
Reached: after these, from blurred digits sharper ones of the right class, though no pair was seen; strokes are
grainy, and the grain lies on the background too. The contrastive loss on held-out digits is 0.76, where chance is
4.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from torch import nn

from ..losses.adversarial import gan_loss
from ..models._patches import PatchProjector
from ..objectives.contrastive import ContrastiveTranslation
from ._unpaired import UnpairedRecipe


@dataclass(frozen=True, kw_only=True)
class CUT(UnpairedRecipe):
    """Sizes are multiples of 4; inputs and images have one size and as many channels."""

    patches: int = 64  # places that are compared in each feature map; 256 in the paper
    nce_weight: float = 1.0  # of the contrastive loss
    identity_weight: float = 1.0  # of that loss between images and what is made of them, a share of nce_weight; 0: none

    players: ClassVar[dict[str, tuple[str, ...]]] = {
        "generator": ("generator", "projector"),
        "discriminator": ("discriminator",),
    }

    def fitted(self, dataset: Any) -> Self:
        fitted = super().fitted(dataset)
        alike = fitted.input_channels == fitted.image_channels
        fitted._require("input_channels", alike, "must be those of the targets: their feature maps are compared")
        return fitted

    def models(self) -> dict[str, nn.Module]:
        channels = self.channels()["image_channels"]
        generator = self.translator(channels, channels)
        return {
            "generator": generator,
            "discriminator": self.patch_discriminator(channels),
            "projector": PatchProjector(generator.feature_channels, 4 * self.width),
        }

    def objective(self) -> ContrastiveTranslation:
        weights = (self.nce_weight, self.identity_weight, self.adversarial_weight)
        return ContrastiveTranslation(gan_loss(self.loss), self.patches, *weights)
