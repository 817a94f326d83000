"""BigGAN-deep (arXiv:1809.11096): twice as many blocks, each narrow inside; all of them are told all latents and the class.

    hf-genimg train biggan_deep

Cost: not measured yet.
Reached: not measured yet.
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

    width: int = 16  # of the generator: a quarter of the channels at 32 pixels, those of the largest map at other sizes; the paper has 128
    discriminator_width: int = 16  # likewise

    def models(self) -> dict[str, nn.Module]:
        size = {**self.sizes(), "width": self.width}
        generator = BigGANDeepGenerator(**size, **self.latents(), class_dim=self.class_dim)
        return {"generator": generator, "discriminator": BigGANDeepDiscriminator(**{**size, "width": self.discriminator_width})}

    def smoke(self) -> Self:
        return replace(super().smoke(), discriminator_width=4)
