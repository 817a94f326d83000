"""AC-GAN (arXiv:1610.09585): a conditional generator, and a discriminator that also classifies images.

    hf-genimg train acgan images=120000
    hf-genimg train acgan data=MNIST image_size=28 mixed_precision=bf16 schedule=linear auxiliary_weight=2
    images=1000000

Cost: 3 minutes for the first and 9 for the second, of CPU time on one core.
Reached: of 2,000 digits 92.7 % (91.5 to 93.8) are classified as their label (ones least, 68.5 %), FID 2.53 (1.48 to
2.72) by the extractor `digits`; of MNIST 95.2 % (94.2 to 96.1), no class below 88 %, of test images 99.15 %
(benchmarks/label_agreement.py). Legible; with `auxiliary_weight=1` and 400,000 images 89.2 %.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.acgan import ACGANDiscriminator, ACGANGenerator
from ..objectives.auxiliary import Auxiliary
from ._conditional import ConditionalRecipe


@dataclass(frozen=True, kw_only=True)
class ACGAN(ConditionalRecipe):
    """Image sizes 16, 28, 32, 64, 128 and 256, grey or colour; data with classes."""

    image_size: int = 32
    images: int = 240_000
    width: int = 32  # channels of the largest feature map
    auxiliary_weight: float = 1.0  # of the cross-entropy
    channels_last: bool = True

    def check(self) -> None:
        super().check()
        self._require(
            "conditional", self.conditional, "cannot be: this family learns classes; use infogan where there are none"
        )

    def models(self) -> dict[str, nn.Module]:
        sizes = {**self.sizes(), "width": self.width}
        generator = ACGANGenerator(**sizes, **self.latents())
        return {
            "generator": generator,
            "discriminator": ACGANDiscriminator(auxiliary_outputs=sizes.pop("num_classes"), **sizes),
        }

    def objective(self) -> Auxiliary:
        return Auxiliary(**self.objective_parts(), weight=self.auxiliary_weight)

    def smoke(self) -> Self:
        return replace(super().smoke(), width=4)
