"""Convolutional VAE: four halvings to the posterior, doublings back to the pixels (arXiv:1312.6114; widths as usual for
MNIST).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from diffusers.configuration_utils import register_to_config
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from torch import nn

from ..layers.latents import check_latent_distribution
from ..layers.normalization import feature_norm
from ._network import LatentNetwork

# The sides of the decoder's feature maps, for each image size it makes.
SIDES = {28: (4, 7, 14, 28), 32: (4, 8, 16, 32), 64: (4, 8, 16, 32, 64), 128: (4, 8, 16, 32, 64, 128)}


class ConvVAE(LatentNetwork):
    """4x4 convolutions, width to 8 width, to the posterior; a linear layer and transposed 3x3 convolutions back; batch
    norm and ReLU.
    """

    @register_to_config
    def __init__(
        self,
        image_size: int = 28,  # pixels a side: 28, 32, 64 or 128
        image_channels: int = 1,  # 1 grey, 3 colour
        latent_dim: int = 16,
        width: int = 128,  # channels of the encoder's first map
        latent_distribution: str = "normal",  # the prior p(z)
        deterministic: bool = False,  # the posterior is its mean alone, as in WAE and RAE
        normalization: str = "batch",  # batch, or group: of each image alone
    ) -> None:
        super().__init__()
        check_latent_distribution(latent_distribution)
        if image_size not in SIDES:
            raise ValueError(
                f"image_size={image_size} is not a size that ConvVAE makes; use one of {', '.join(map(str, SIDES))}"
            )
        self.encoder = encoder_layers(image_channels, width, normalization)
        features = 8 * width * (image_size // 16) ** 2
        self.to_mean = nn.Linear(features, latent_dim)
        self.to_log_variance = None if deterministic else nn.Linear(features, latent_dim)
        self.decoder = decoder_layers(SIDES[image_size], image_channels, latent_dim, 8 * width, normalization)

    def encode(self, images: torch.Tensor) -> DiagonalGaussianDistribution:
        """images: float [N, C, H, W] in [-1, 1]. Returns the posterior q(z | x) over float [N, latent_dim]."""
        hidden = self.encoder(images)
        mean = self.to_mean(hidden)
        if self.to_log_variance is None:
            return DiagonalGaussianDistribution(torch.cat([mean, torch.zeros_like(mean)], 1), deterministic=True)
        return DiagonalGaussianDistribution(torch.cat([mean, self.to_log_variance(hidden)], 1))

    def logits(self, latents: torch.Tensor) -> torch.Tensor:
        """latents: float [N, latent_dim]. Returns the log-odds of each pixel being lit: float [N, C, H, W]."""
        return self.decoder(latents)

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """latents: float [N, latent_dim]. Returns mean images: float [N, C, H, W] in [-1, 1]."""
        return (self.logits(latents) / 2).tanh()  # 2 sigmoid(x) - 1

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns reconstructions through the posterior mean, likewise."""
        return self.decode(self.encode(images).mean)


def encoder_layers(image_channels: int, width: int, normalization: str = "batch") -> nn.Sequential:
    """Four halvings, of `width` to 8 `width` channels, flattened at the end."""
    layers: list[nn.Module] = []
    channels = image_channels
    for features in (width, 2 * width, 4 * width, 8 * width):
        layers += [nn.Conv2d(channels, features, 4, 2, 1), feature_norm(normalization, features), nn.ReLU()]
        channels = features
    return nn.Sequential(*layers, nn.Flatten())


def decoder_layers(
    sides: tuple[int, ...], image_channels: int, latent_dim: int, channels: int, normalization: str = "batch"
) -> nn.Sequential:
    """From latents to maps of these sides, one after another; `channels` of the first."""
    layers: list[nn.Module] = [
        nn.Linear(latent_dim, channels * sides[0] ** 2),
        nn.Unflatten(1, (channels, sides[0], sides[0])),
    ]
    for side, larger in pairwise(sides[:-1]):
        layers += [
            _doubling(channels, channels // 2, side, larger),
            feature_norm(normalization, channels // 2),
            nn.ReLU(),
        ]
        channels //= 2
    return nn.Sequential(*layers, _doubling(channels, image_channels, sides[-2], sides[-1]))


def _doubling(channels: int, features: int, side: int, larger: int) -> nn.ConvTranspose2d:
    """A transposed convolution from `side` pixels to `larger`, which is 2 side or one less."""
    return nn.ConvTranspose2d(channels, features, 3, 2, 1, output_padding=larger - (2 * side - 1))
