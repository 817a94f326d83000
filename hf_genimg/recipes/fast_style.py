"""Fast style transfer (arXiv:1603.08155): one network for one style, of one painting or of many of a kind.

    hf-genimg train fast_style
    hf-genimg train fast_style data=PHOTOS styles=PAINTINGS style_column=medium style_class=woodblock image_size=128 \
        random_crop=true crop_from=192

Cost: 11 seconds of CPU time for 480 digits, on one core; 1.3 for a 512x512 picture once trained, 2.7 at width=32.
Reached: no whole run was made yet: after 480 digits the style distance is 0.52 (1: not changed), at a content distance
of 0.03 (1: unrelated).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from ..models.fast_style import FastStyleTranslator
from ._style import StyleRecipe


@dataclass(frozen=True, kw_only=True)
class FastStyle(StyleRecipe):
    """Image sizes that are multiples of 4; pictures of any size once it is trained."""

    image_size: int = 32
    images: int = 20_000
    batch_size: int = 4
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    ema_half_life: int = 500
    channels_last: bool = True
    statistics: str = "gram"
    smoothness: float = 0.5
    num_blocks: int = 5  # residual blocks

    one_style: ClassVar[bool] = True

    def check(self) -> None:
        super().check()
        self._require("image_size", self.image_size % 4 == 0, "is not a multiple of 4")
        self._require("num_blocks", self.num_blocks >= 0, "must be at least 0")

    def models(self) -> dict[str, nn.Module]:
        size = {"width": self.width, "num_blocks": self.num_blocks}
        return {"generator": FastStyleTranslator(self.image_size, **self.channels(), **size)}
