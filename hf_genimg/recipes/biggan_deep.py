"""BigGAN-deep (arXiv:1809.11096): twice as many blocks, with bottlenecks; all latents condition every block.

    hf-genimg train biggan_deep images=40000

Cost: 7 minutes of one core (94 images/s).
Reached: 68.6 % (66.5 to 70.6) of 2,000 digits are classified as their label, fours least
(benchmarks/label_agreement.py); most are legible; FID 9.2 (7.7 to 9.8), precision 0.29 and recall 0.69 by the extractor
`digits`. `evaluate` raises an alarm: label agreement is 72 % by two readers, and most twos are classified as other
digits. It is still learning then: its default is 72,000 images.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.biggan import BigGANDeepDiscriminator, BigGANDeepGenerator
from .biggan import BigGAN


@dataclass(frozen=True, kw_only=True)
class BigGANDeep(BigGAN):
    """Image sizes 32, 48, 64 and 128, grey or colour; `conditional=false` where the data have no classes."""

    width: int = 16  # a quarter of the generator's channels at 32 pixels; the paper has 128
    discriminator_width: int = 16  # likewise

    def models(self) -> dict[str, nn.Module]:
        size = {**self.sizes(), "width": self.width}
        generator = BigGANDeepGenerator(**size, **self.latents(), class_dim=self.class_dim)
        return {
            "generator": generator,
            "discriminator": BigGANDeepDiscriminator(**{**size, "width": self.discriminator_width}),
        }

    def smoke(self) -> Self:
        return replace(super().smoke(), discriminator_width=4)
