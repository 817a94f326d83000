"""InfoGAN (arXiv:1606.03657): finds classes and codes in images without labels.

    hf-genimg train infogan

Cost: 4 minutes of CPU time on one core.
Reached: FID 2.5 (1.5 to 2.5), precision 0.67, recall 0.38 by the extractor `digits`; 9.9 % have a near-duplicate, which
is an alarm; 68 % (63 to 73) of the test images fall into the found class of their digit, 77 % of the samples are
classified as the digit of theirs (benchmarks/found_classes.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.infogan import InfoGANDiscriminator, InfoGANGenerator
from ..objectives.auxiliary import Informed
from ._adversarial import AdversarialRecipe


@dataclass(frozen=True, kw_only=True)
class InfoGAN(AdversarialRecipe):
    """Image sizes 16, 28, 32, 64, 128 and 256, grey or colour."""

    image_size: int = 28
    images: int = 160_000
    learning_rate: float = 5e-4  # of the generator; the paper has 1e-3
    discriminator_learning_rate: float | None = 2e-4
    diff_augment: str | None = "translation"  # 1,500 digits are few
    latent_dim: int = 64
    latent_distribution: str = "uniform"
    width: int = 32  # channels of the largest feature map; the paper has 64
    num_classes: int = 10  # classes to find
    codes: int = 2  # continuous codes to find: the first latents
    hidden: int = 512  # features of the fully connected layers, 1024 in the paper; 0: none, as in DCGAN
    information_weight: float = 1.0  # of the mutual information
    channels_last: bool = True

    def check(self) -> None:
        super().check()
        self._require("hidden", self.hidden >= 0, "must be at least 0")

    def models(self) -> dict[str, nn.Module]:
        size = {"image_size": self.image_size, "image_channels": self.image_channels}
        size |= {"width": self.width, "hidden": self.hidden}
        latents = {"latent_dim": self.latent_dim, "latent_distribution": self.latent_distribution, "codes": self.codes}
        generator = InfoGANGenerator(**size, **latents, num_classes=self.num_classes)
        discriminator = InfoGANDiscriminator(**size, auxiliary_outputs=self.num_classes + self.codes)
        return {"generator": generator, "discriminator": discriminator}

    def objective(self) -> Informed:
        parts = {**self.objective_parts(), "num_classes": self.num_classes, "codes": self.codes}
        return Informed(**parts, weight=self.information_weight)

    def smoke(self) -> Self:
        return replace(super().smoke(), width=4, hidden=min(self.hidden, 8))
