"""The VQGAN of the paper (arXiv:2012.09841, table 7) for faces of 256 pixels, sixteen pixels a token.

    hf-genimg train vqgan_paper data=FACES flip=true features=vgg16 feature_weights=vgg16.safetensors

Cost: not run here.
Reached: not run here; the paper has an FID of 11.4 for its samples of FFHQ.
"""

from __future__ import annotations

from dataclasses import dataclass

from ._vqgan import VQGANBase


@dataclass(frozen=True, kw_only=True)
class VQGANPaper(VQGANBase):
    """72,141,699 parameters, and 2,765,633 of the discriminator."""

    image_size: int = 256
    images: int = 10_000_000
    batch_size: int = 16
    learning_rate: float = 7.2e-5  # 4.5e-6 for each image of a batch
    latent_dim: int = 256
    quantizer: str = "loss"
    codebook_size: int | None = 1024
    restart_below: float | None = 0.0
    multipliers: str = "1,1,2,2,4"
    blocks: int = 2
    attention_sizes: str = "16"
    latent_channels: int = 256
    width: int = 128
    discriminator_width: int = 64
    stages: int = 3
    adversarial_start: int = 480_016  # step 30,001
