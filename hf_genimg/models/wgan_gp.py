"""WGAN-GP (arXiv:1704.00028): residual networks; the critic has no norm, and looks at means over positions."""

from __future__ import annotations

from diffusers.configuration_utils import register_to_config

from ._resnet import ResNetDiscriminator, ResNetGenerator


class WGANGPGenerator(ResNetGenerator):
    """Batch norm, bilinear doublings."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 32,  # pixels a side: 32, 48, 64 or 128
        image_channels: int = 3,  # 1 grey, 3 colour
        latent_dim: int = 128,
        width: int = 64,  # a quarter of the channels at 32 pixels; those of the largest map at the other sizes
        latent_distribution: str = "normal",  # normal, uniform or truncated
    ) -> None:
        super().__init__()
        self.build()


class WGANGPDiscriminator(ResNetDiscriminator):
    """No norm, so that the gradient at each image is that image's alone."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 32,  # pixels a side: 32, 48, 64 or 128
        image_channels: int = 3,  # 1 grey, 3 colour
        width: int = 64,  # half the channels at 32 pixels; those of the first map at the other sizes
    ) -> None:
        super().__init__()
        self.build(spectral=False, mean=True)
