"""SAGAN (arXiv:1805.08318): conditional residual networks with self-attention, spectral norm in both."""

from __future__ import annotations

from diffusers.configuration_utils import register_to_config

from ._resnet import GROWTH, ResNetDiscriminator, ResNetGenerator, check_size


class SAGANGenerator(ResNetGenerator):
    """Attention before the last doubling; every weight but those of batch norm spectrally normed."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 32,  # pixels a side: 32, 48, 64 or 128
        image_channels: int = 3,  # 1 grey, 3 colour
        latent_dim: int = 128,
        num_classes: int = 10,  # 0: unconditional
        width: int = 64,  # a quarter of the channels at 32 pixels; those of the largest map at the other sizes
        latent_distribution: str = "normal",  # normal, uniform or truncated
    ) -> None:
        super().__init__()
        check_size(image_size)
        self.build(spectral=True, attention=len(GROWTH[image_size][1]) - 2)


class SAGANDiscriminator(ResNetDiscriminator):
    """Attention after the first halving; every weight spectrally normed; with classes, by projection."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 32,  # pixels a side: 32, 48, 64 or 128
        image_channels: int = 3,  # 1 grey, 3 colour
        num_classes: int = 10,  # 0: unconditional
        width: int = 64,  # half the channels at 32 pixels; those of the first map at the other sizes
    ) -> None:
        super().__init__()
        self.build(attention=1)
