"""VAE-GAN (arXiv:1512.09300, table 1; layers as in the authors' code): an autoencoder whose error is taken in the
features of a discriminator.
"""

from __future__ import annotations

import itertools

import torch
from diffusers.configuration_utils import register_to_config
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from torch import nn

from ..layers.latents import check_latent_distribution
from ._network import LatentNetwork, Network

REDUCTION = 8  # pixels a side of a position of the smallest maps


class VAEGAN(LatentNetwork):
    """Three strided 5x5 convolutions and a wide layer to the posterior; a linear layer and three transposed 5x5
    convolutions back.
    """

    @register_to_config
    def __init__(
        self,
        image_size: int = 64,  # pixels a side, a multiple of 8
        image_channels: int = 3,  # 1 grey, 3 colour
        latent_dim: int = 128,
        width: int = 64,  # channels of the encoder's first map; 32 times as many in its wide layer, as in the paper
        latent_distribution: str = "normal",  # the prior p(z)
    ) -> None:
        super().__init__()
        check_latent_distribution(latent_distribution)
        side = _side(image_size)
        maps = [image_channels, width, 2 * width, 4 * width]
        down = [layer for pair in itertools.pairwise(maps) for layer in _halving(*pair)]
        self.encoder = nn.Sequential(
            *down,
            nn.Flatten(),
            nn.Linear(4 * width * side**2, 32 * width, bias=False),
            nn.BatchNorm1d(32 * width),
            nn.ReLU(),
        )
        self.to_mean = nn.Linear(32 * width, latent_dim)
        self.to_log_variance = nn.Linear(32 * width, latent_dim)
        positions = 4 * width * side**2
        maps = [4 * width, 4 * width, 2 * width, max(1, width // 2)]
        up = [layer for pair in itertools.pairwise(maps) for layer in _doubling(*pair)]
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, positions, bias=False),
            nn.BatchNorm1d(positions),
            nn.ReLU(),
            nn.Unflatten(1, (4 * width, side, side)),
            *up,
            nn.Conv2d(maps[-1], image_channels, 5, 1, 2),
            nn.Tanh(),
        )

    def encode(self, images: torch.Tensor) -> DiagonalGaussianDistribution:
        """images: float [N, C, H, W] in [-1, 1]. Returns the posterior q(z | x) over float [N, latent_dim]."""
        hidden = self.encoder(images)
        return DiagonalGaussianDistribution(torch.cat([self.to_mean(hidden), self.to_log_variance(hidden)], 1))

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """latents: float [N, latent_dim]. Returns images: float [N, C, H, W] in [-1, 1]."""
        return self.decoder(latents)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns reconstructions through the posterior mean, likewise."""
        return self.decode(self.encode(images).mean)


class VAEGANDiscriminator(Network):
    """Four 5x5 convolutions, of which three are strided, and two linear layers. Images are compared at the last map."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 64,
        image_channels: int = 3,
        width: int = 64,  # as for VAEGAN
    ) -> None:
        super().__init__()
        side, half = _side(image_size), max(1, width // 2)
        self.to_features = nn.Sequential(
            nn.Conv2d(image_channels, half, 5, 1, 2),
            nn.ReLU(),
            *_halving(half, 2 * width),
            *_halving(2 * width, 4 * width),
            nn.Conv2d(4 * width, 4 * width, 5, 2, 2, bias=False),
        )
        self.to_logits = nn.Sequential(
            nn.BatchNorm2d(4 * width),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(4 * width * side**2, 8 * width, bias=False),
            nn.BatchNorm1d(8 * width),
            nn.ReLU(),
            nn.Linear(8 * width, 1),
        )

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns the third strided map before its norm: float [N, 4 width, H /
        8, W / 8].
        """
        return self.to_features(images)

    def logits(self, features: torch.Tensor) -> torch.Tensor:
        """features: as `features` gives them. Returns logits of being real: float [N]."""
        return self.to_logits(features)[:, 0]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns logits of being real: float [N]."""
        return self.logits(self.features(images))


def _side(image_size: int) -> int:
    if image_size % REDUCTION:
        raise ValueError(f"image_size={image_size} must be a multiple of {REDUCTION}")
    return image_size // REDUCTION


def _halving(in_channels: int, out_channels: int) -> list[nn.Module]:
    return [nn.Conv2d(in_channels, out_channels, 5, 2, 2, bias=False), nn.BatchNorm2d(out_channels), nn.ReLU()]


def _doubling(in_channels: int, out_channels: int) -> list[nn.Module]:
    layer = nn.ConvTranspose2d(in_channels, out_channels, 5, 2, 2, output_padding=1, bias=False)
    return [layer, nn.BatchNorm2d(out_channels), nn.ReLU()]
