"""SRGAN (arXiv:1609.04802): SRResNet trained on by a perceptual distance and a GAN loss, for sharp textures.

    hf-genimg train srgan
    hf-genimg train srgan data=PHOTOS image_size=96 random_crop=true scale=4 init=runs/srresnet

Published setting: scale=4 width=64 blocks=16 tail=convolutions shortcut=bilinear discriminator_width=64 features=vgg19
l1_weight=0.01 adversarial_weight=0.005 learning_rate=1e-4 batch_size=16.

Cost: 12 s of CPU time for images=400 of digits at 32 pixels on one x86-64 core.
Reached: after these, 35.2 dB and a perceptual distance of 0.0003 on the 297 held out, at scale 2. Digits are smooth
and near to their bicubic enlargement. Photographs (the second command, from srresnet's weights at scale 4, with
batch_size=8 learning_rate=2e-4 l1_weight=0.1 mixed_precision=bf16 channels_last=true images=2400, one minute): 29.99 dB
on Set5 and 27.14 on Set14, perceptual distances 0.109 and 0.109; srresnet 30.93 and 27.78, 0.114 and 0.119. Edges are
crisper, textures not there yet (benchmarks/restoration.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from ..models.srresnet import MSRResNetGenerator
from ._sharp import PerceptualRecipe


@dataclass(frozen=True, kw_only=True)
class SRGAN(PerceptualRecipe):
    """Sizes are multiples of 16; networks of the fields that they have in srresnet fit its runs."""

    width: int = 48  # channels of the feature maps; 64 in the paper
    blocks: int = 8  # residual blocks; 16 in the paper
    tail: str = "subpixel"  # or convolutions, at each doubling and at the full size, as in the paper
    shortcut: str = "bicubic"  # how the input that is added is enlarged: bilinear, bicubic or none

    def models(self) -> dict[str, nn.Module]:
        size = {"image_size": self.image_size, **self.channels(), "width": self.width, "blocks": self.blocks}
        generator = MSRResNetGenerator(**size, scale=self.scale, tail=self.tail, shortcut=self.shortcut)
        return {"generator": generator, "discriminator": self.discriminator()}
