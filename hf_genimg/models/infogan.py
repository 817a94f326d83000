"""InfoGAN (arXiv:1606.03657): finds classes and codes without labels, which the discriminator predicts; in
DCGAN's form.

With fully connected layers (`hidden`) between the convolutions and everything else, as the paper has them for MNIST
(table 1).
"""

from __future__ import annotations

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.initialisation import dcgan_initialisation
from .acgan import ACGANDiscriminator, ACGANGenerator
from .dcgan import base_size, growing, stage_widths

PREDICTOR_WIDTH = 128  # features of the layer before the predictions, where there are fully connected layers


class InfoGANGenerator(ACGANGenerator):
    """From latents and a found class. The first `codes` latents, uniform on [-1, 1], are what the discriminator
    predicts.
    """

    finds_classes = True

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
        hidden: int = 0,  # features of a fully connected layer before the smallest map; 0: none
    ) -> None:
        if not 0 <= codes <= latent_dim:
            raise ValueError(f"codes={codes} must be from 0 to latent_dim={latent_dim}")
        super().__init__(image_size, image_channels, latent_dim, num_classes, width, latent_distribution)
        if hidden:
            widest, side = stage_widths(image_size, width)[-1], base_size(image_size)
            to_map = [*_flat(latent_dim + num_classes, hidden, nn.ReLU()), *_flat(hidden, widest * side**2, nn.ReLU())]
            doublings = growing(image_size, latent_dim, image_channels, width)[
                3:
            ]  # after the first layer, its norm and activation
            self.layers = nn.Sequential(nn.Flatten(), *to_map, nn.Unflatten(1, (widest, side, side)), *doublings)
            self.apply(dcgan_initialisation)

    def sample_latents(self, num_images: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """As usual, with the codes, uniform on [-1, 1], in front."""
        latents = super().sample_latents(num_images, generator)
        codes = torch.rand(num_images, self.config.codes, generator=generator, device=latents.device)
        return torch.cat([2 * codes - 1, latents[:, self.config.codes :]], 1)


class InfoGANDiscriminator(ACGANDiscriminator):
    """Predicts the class and the codes: `auxiliary_outputs` is num_classes + codes."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 64,  # pixels a side: 16, 28, 32, 64, 128 or 256
        image_channels: int = 3,  # 1 grey, 3 colour
        auxiliary_outputs: int = 12,  # classes and codes
        width: int = 64,  # channels of the largest feature map
        hidden: int = 0,  # features of fully connected layers after the smallest map; 0: none
    ) -> None:
        super().__init__(image_size, image_channels, auxiliary_outputs, width)
        if hidden:
            flat = stage_widths(image_size, width)[-1] * base_size(image_size) ** 2
            self.trunk = nn.Sequential(*self.trunk, nn.Flatten(), *_flat(flat, hidden, nn.LeakyReLU(0.2)))
            self.head = nn.Linear(hidden, 1)
            self.guess = nn.Sequential(
                *_flat(hidden, PREDICTOR_WIDTH, nn.LeakyReLU(0.2)), nn.Linear(PREDICTOR_WIDTH, auxiliary_outputs)
            )


def _flat(inputs: int, outputs: int, activation: nn.Module) -> list[nn.Module]:
    return [nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs), activation]
