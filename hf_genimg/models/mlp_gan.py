"""MLP GAN: fully connected generator and discriminator, the GAN of the first paper (arXiv:1406.2661) in its usual
modern form.
"""

from __future__ import annotations

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.latents import check_latent_distribution
from ..layers.minibatch_std import MinibatchStd
from ._network import LatentNetwork, Network, refuse_labels


class MLPGANGenerator(LatentNetwork):
    """Latents -> width -> 2 width -> 4 width -> 8 width -> pixels, leaky ReLU between, batch norm on all hidden layers
    but the first.

    The much copied reference passes 0.8 to batch norm as eps where momentum was meant; here eps is 1e-5.
    """

    @register_to_config
    def __init__(
        self,
        image_size: int = 28,  # pixels a side
        image_channels: int = 1,  # 1 grey, 3 colour
        latent_dim: int = 100,
        width: int = 128,  # of the first hidden layer
        latent_distribution: str = "normal",  # normal, uniform or truncated
    ) -> None:
        super().__init__()
        check_latent_distribution(latent_distribution)
        layers: list[nn.Module] = [nn.Linear(latent_dim, width), nn.LeakyReLU(0.2)]
        for features in (width, 2 * width, 4 * width):
            layers += [nn.Linear(features, 2 * features), nn.BatchNorm1d(2 * features), nn.LeakyReLU(0.2)]
        self.hidden = nn.Sequential(*layers)
        self.to_pixels = nn.Linear(8 * width, image_channels * image_size**2)

    def forward(self, latents: torch.Tensor, class_labels: None = None) -> torch.Tensor:
        """latents: float [N, latent_dim]. Returns images: float [N, C, H, W] in [-1, 1]."""
        refuse_labels(class_labels)
        config = self.config
        pixels = self.to_pixels(self.hidden(latents)).tanh()
        return pixels.view(-1, config.image_channels, config.image_size, config.image_size)


class MLPGANDiscriminator(Network):
    """Pixels -> width -> width / 2 -> one logit, leaky ReLU between."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 28,  # pixels a side
        image_channels: int = 1,  # 1 grey, 3 colour
        width: int = 512,  # of the first hidden layer
        minibatch_std: bool = False,  # standard deviation over a group of images as a feature of the last layer
    ) -> None:
        super().__init__()
        extra = [MinibatchStd()] if minibatch_std else []
        self.layers = nn.Sequential(
            nn.Linear(image_channels * image_size**2, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, width // 2),
            nn.LeakyReLU(0.2),
            *extra,
            nn.Linear(width // 2 + len(extra), 1),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns logits: float [N], positive for "real"."""
        return self.layers(images.flatten(1)).squeeze(1)
