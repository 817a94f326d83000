"""MLP VAE: hidden layers on either side of the latents (arXiv:1312.6114, appendix C)."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import torch
from diffusers.configuration_utils import register_to_config
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from torch import nn

from ..layers.latents import check_latent_distribution
from ._network import LatentNetwork

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}


class MLPVAE(LatentNetwork):
    """Pixels -> width -> Gaussian posterior; latents -> width -> pixels.

    depth 2, width 200, 50 latents and tanh make the network with one stochastic layer of IWAE (arXiv:1509.00519,
    section 5.1).
    """

    @register_to_config
    def __init__(
        self,
        image_size: int = 28,  # pixels a side
        image_channels: int = 1,  # 1 grey, 3 colour
        latent_dim: int = 20,
        width: int = 400,  # hidden units of a layer
        latent_distribution: str = "normal",  # the prior p(z)
        depth: int = 1,  # hidden layers of the encoder, and of the decoder
        activation: str = "relu",  # or tanh
    ) -> None:
        super().__init__()
        check_latent_distribution(latent_distribution)
        if depth < 1:
            raise ValueError(f"depth={depth} must be at least 1")
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation={activation!r} is not known; use one of {', '.join(ACTIVATIONS)}")
        pixels = image_channels * image_size**2
        hidden = partial(_hidden_layers, width=width, depth=depth, activation=activation)
        self.encoder = nn.Sequential(nn.Flatten(), *hidden(pixels))
        self.to_mean = nn.Linear(width, latent_dim)
        self.to_log_variance = nn.Linear(width, latent_dim)
        self.decoder = nn.Sequential(*hidden(latent_dim), nn.Linear(width, pixels))

    def encode(self, images: torch.Tensor) -> DiagonalGaussianDistribution:
        """images: float [N, C, H, W] in [-1, 1]. Returns the posterior q(z | x) over float [N, latent_dim]."""
        hidden = self.encoder(images)
        return DiagonalGaussianDistribution(torch.cat([self.to_mean(hidden), self.to_log_variance(hidden)], 1))

    def logits(self, latents: torch.Tensor) -> torch.Tensor:
        """latents: float [N, latent_dim]. Returns the log-odds of each pixel being lit: float [N, C, H, W]."""
        config = self.config
        return self.decoder(latents).view(-1, config.image_channels, config.image_size, config.image_size)

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """latents: float [N, latent_dim]. Returns mean images: float [N, C, H, W] in [-1, 1]."""
        return (self.logits(latents) / 2).tanh()  # 2 sigmoid(x) - 1

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns reconstructions through the posterior mean, likewise."""
        return self.decode(self.encode(images).mean)


def _hidden_layers(in_features: int, width: int, depth: int, activation: str) -> list[nn.Module]:
    sizes = [in_features, *[width] * depth]
    layers = ((nn.Linear(inputs, outputs), ACTIVATIONS[activation]()) for inputs, outputs in pairwise(sizes))
    return [layer for pair in layers for layer in pair]
