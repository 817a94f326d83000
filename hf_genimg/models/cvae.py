"""Conditional VAE: the class is a one-hot vector beside pixels and latents (arXiv:1406.5298, model M2)."""

from __future__ import annotations

import torch
from diffusers.configuration_utils import register_to_config
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from torch import nn

from ..layers.latents import check_latent_distribution
from ._network import LatentNetwork
from .cgan import beside


class CVAE(LatentNetwork):
    """Pixels and class -> width -> Gaussian posterior; latents and class -> width -> pixels, ReLU between."""

    mixes_labels = True

    @register_to_config
    def __init__(
        self,
        image_size: int = 28,  # pixels a side
        image_channels: int = 1,  # 1 grey, 3 colour
        latent_dim: int = 20,
        num_classes: int = 10,
        width: int = 400,  # of both hidden layers
        latent_distribution: str = "normal",  # the prior p(z), of every class
    ) -> None:
        super().__init__()
        check_latent_distribution(latent_distribution)
        if num_classes < 1:
            raise ValueError(f"num_classes={num_classes} must be at least 1; an MLPVAE has no classes")
        pixels = image_channels * image_size**2
        self.encoder = nn.Sequential(nn.Linear(pixels + num_classes, width), nn.ReLU())
        self.to_mean = nn.Linear(width, latent_dim)
        self.to_log_variance = nn.Linear(width, latent_dim)
        self.decoder = nn.Sequential(nn.Linear(latent_dim + num_classes, width), nn.ReLU(), nn.Linear(width, pixels))

    def encode(self, images: torch.Tensor, class_labels: torch.Tensor | None = None) -> DiagonalGaussianDistribution:
        """images: float [N, C, H, W] in [-1, 1]; class_labels: int64 [N], or weights, float [N, num_classes].

        Returns the posterior q(z | x, y) over float [N, latent_dim].
        """
        hidden = self.encoder(beside(images.flatten(1), class_labels, self.config.num_classes))
        return DiagonalGaussianDistribution(torch.cat([self.to_mean(hidden), self.to_log_variance(hidden)], 1))

    def logits(self, latents: torch.Tensor, class_labels: torch.Tensor | None = None) -> torch.Tensor:
        """latents: float [N, latent_dim]; class_labels as for `encode`. Returns the log-odds of each pixel being lit:
        float [N, C, H, W].
        """
        config = self.config
        pixels = self.decoder(beside(latents, class_labels, config.num_classes))
        return pixels.view(-1, config.image_channels, config.image_size, config.image_size)

    def decode(self, latents: torch.Tensor, class_labels: torch.Tensor | None = None) -> torch.Tensor:
        """Arguments as for `logits`. Returns mean images: float [N, C, H, W] in [-1, 1]."""
        return (self.logits(latents, class_labels) / 2).tanh()  # 2 sigmoid(x) - 1

    def forward(self, images: torch.Tensor, class_labels: torch.Tensor | None = None) -> torch.Tensor:
        """Arguments as for `encode`. Returns reconstructions through the posterior mean: float [N, C, H, W] in
        [-1, 1].
        """
        return self.decode(self.encode(images, class_labels).mean, class_labels)
