"""InfoGAN (arXiv:1606.03657): classes and codes that nobody named are found, for the discriminator must guess them; in DCGAN's form."""

from __future__ import annotations

import torch
from diffusers.configuration_utils import register_to_config

from .acgan import ACGANDiscriminator, ACGANGenerator


class InfoGANGenerator(ACGANGenerator):
    """From latents and a found class. The first `codes` latents are what the discriminator guesses, uniform on [-1, 1]."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 64,  # pixels a side: 16, 28, 32, 64, 128 or 256
        image_channels: int = 3,  # 1 grey, 3 colour
        latent_dim: int = 100,
        num_classes: int = 10,  # found classes
        width: int = 64,  # channels of the largest feature map
        latent_distribution: str = "normal",  # of the latents that are no codes: normal, uniform or truncated
        codes: int = 2,
    ) -> None:
        if not 0 <= codes <= latent_dim:
            raise ValueError(f"codes={codes} must be from 0 to latent_dim={latent_dim}")
        super().__init__(image_size, image_channels, latent_dim, num_classes, width, latent_distribution)

    def sample_latents(self, num_images: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """As usual, with the codes, uniform on [-1, 1], in front."""
        latents = super().sample_latents(num_images, generator)
        codes = torch.rand(num_images, self.config.codes, generator=generator, device=latents.device)
        return torch.cat([2 * codes - 1, latents[:, self.config.codes :]], 1)


class InfoGANDiscriminator(ACGANDiscriminator):
    """Guesses the class and the codes: `guesses` is num_classes + codes."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 64,  # pixels a side: 16, 28, 32, 64, 128 or 256
        image_channels: int = 3,  # 1 grey, 3 colour
        guesses: int = 12,  # classes and codes
        width: int = 64,  # channels of the largest feature map
    ) -> None:
        super().__init__(image_size, image_channels, guesses, width)
