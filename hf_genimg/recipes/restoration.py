"""NAFNet (arXiv:2204.04676): restores pictures that a chain of degradations spoiled: noise, blur, haze, dark, JPEG.

    hf-genimg train restoration
    hf-genimg train restoration data=PHOTOS image_size=64 random_crop=true window=64 width=24 batch_size=8 turn=true

`inputs` is the task: noise:25, blur:2, haze, dark, jpeg:10-40, or all in one, as blur:0-2+noise:0-30+jpeg:30-95. With
`window` of the training size, large images are restored as the crops were, in tiles; not for haze and darkness, which
the whole image tells. For these: image_size=128 batch_size=4 encoder_blocks=1,1,1,1 decoder_blocks=1,1,1,1 flip=true.

Cost: 34 s of CPU time for 5,000 images of digits at 32 pixels on one x86-64 core.
Reached: from digits with noise of 25 levels, 22.1 dB, 32.2 dB on the 297 held out; strokes are clean and all digits
look right. Photographs (the second command, 28,000 crops in bf16, 13 minutes of one core): from 20.5 dB to
29.4 dB on 48 crops held out; whole images of CBSD68: 20.2 dB to 30.31 dB. Whole images in haze (6,000 crops of 128
pixels, 4 minutes): 16.2 dB to 22.2 dB, where the dark channel prior has 19.8; in low light (5,250): 11.0 dB to 23.7 dB.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.nafnet import NAFNetGenerator
from ._regression import RegressionRecipe


@dataclass(frozen=True, kw_only=True)
class Restoration(RegressionRecipe):
    """Inputs and targets of one size and as many channels."""

    inputs: str | None = "noise:25"
    width: int = 16  # channels of the largest feature maps; 32 or 64 in the paper
    encoder_blocks: str = "1,1,1"  # at each size on the way down, joined with commas
    middle_blocks: int = 1  # at the smallest size
    decoder_blocks: str = "1,1,1"  # at each size on the way up, joined with commas
    window: int | None = None  # pixels a side of what the channel attention sees; none: the whole image
    image_size: int = 32
    images: int = 5_000
    batch_size: int = 16
    sample_images: int = 2_500
    loss: str = "psnr"
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    final_learning_rate: float = 1e-7
    adam_beta2: float = 0.9
    ema_half_life: int = 300
    turn: bool = False  # a digit, and the ramp of haze, are not the same upside down

    def models(self) -> dict[str, nn.Module]:
        size = {"image_size": self.image_size, **self.channels(), "width": self.width}
        encoders, decoders = self.numbers("encoder_blocks"), self.numbers("decoder_blocks")
        blocks = {"encoder_blocks": encoders, "middle_blocks": self.middle_blocks, "decoder_blocks": decoders}
        return {"generator": NAFNetGenerator(**size, **blocks, window=self.window)}

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=16, width=4)
