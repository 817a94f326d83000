"""SNGAN (arXiv:1802.05957): residual networks, the discriminator's weights spectrally normed; classes by projection
(arXiv:1802.05637).
"""

from __future__ import annotations

from diffusers.configuration_utils import register_to_config

from ._resnet import ResNetDiscriminator, ResNetGenerator


class SNGANGenerator(ResNetGenerator):
    """Batch norm, for classes with gains and offsets of their own; the weights are as they are."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 32,  # pixels a side: 32, 48, 64 or 128
        image_channels: int = 3,  # 1 grey, 3 colour
        latent_dim: int = 128,
        num_classes: int = 0,  # 0: unconditional
        width: int = 64,  # a quarter of the channels at 32 pixels; those of the largest map at the other sizes
        latent_distribution: str = "normal",  # normal, uniform or truncated
    ) -> None:
        super().__init__()
        self.build()


class SNGANDiscriminator(ResNetDiscriminator):
    """Every weight spectrally normed; with classes, by projection (arXiv:1802.05637, eq. 3)."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 32,  # pixels a side: 32, 48, 64 or 128
        image_channels: int = 3,  # 1 grey, 3 colour
        num_classes: int = 0,  # 0: unconditional
        width: int = 64,  # half the channels at 32 pixels; those of the first map at the other sizes
    ) -> None:
        super().__init__()
        self.build()
