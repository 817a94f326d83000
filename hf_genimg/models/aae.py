"""Adversarial autoencoder (arXiv:1511.05644): a discriminator brings the latents to the prior; with classes, the
encoder also finds the class.
"""

from __future__ import annotations

import torch
from diffusers.configuration_utils import register_to_config
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from torch import nn

from ..layers.latents import check_latent_distribution
from ._network import LatentNetwork, Network
from .cgan import beside
from .conv_vae import SIDES, decoder_layers, encoder_layers

NETWORKS = ("mlp", "conv")


class AAE(LatentNetwork):
    """Pixels -> latents, and with classes also logits of the class -> pixels.

    network: `mlp` has two hidden layers of `width` on either side, as in the paper; `conv` has the layers of ConvVAE,
    whose first map has `width` channels.
    """

    mixes_labels = True
    infers_labels = True

    @register_to_config
    def __init__(
        self,
        image_size: int = 28,  # pixels a side
        image_channels: int = 1,  # 1 grey, 3 colour
        latent_dim: int = 8,
        num_classes: int = 0,  # 0: unsupervised
        width: int = 1000,
        network: str = "mlp",  # or conv
        latent_distribution: str = "normal",  # the prior p(z)
        latent_std: float = 1.0,  # samples of it are multiplied with this; 5 in the paper for 8 latents
    ) -> None:
        super().__init__()
        check_latent_distribution(latent_distribution)
        if network not in NETWORKS:
            raise ValueError(f"network={network!r} is not known; use one of {', '.join(NETWORKS)}")
        if latent_std <= 0:
            raise ValueError(f"latent_std={latent_std} must be above 0")
        if network == "conv":
            if image_size not in SIDES:
                raise ValueError(f"image_size={image_size} is not one of {', '.join(map(str, SIDES))}; use network=mlp")
            features = 8 * width * (image_size // 16) ** 2
            self.encoder = encoder_layers(image_channels, width)
            self.decoder = decoder_layers(SIDES[image_size], image_channels, latent_dim + num_classes, 8 * width)
        else:
            features, pixels = width, image_channels * image_size**2
            shape = (image_channels, image_size, image_size)
            self.encoder = nn.Sequential(nn.Flatten(), *_hidden(pixels, width))
            self.decoder = nn.Sequential(
                *_hidden(latent_dim + num_classes, width), nn.Linear(width, pixels), nn.Unflatten(1, shape)
            )
        self.to_mean = nn.Linear(features, latent_dim)
        self.to_class = nn.Linear(features, num_classes) if num_classes else None

    def codes(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """images: float [N, C, H, W] in [-1, 1]. Returns latents, float [N, latent_dim], and logits of the class, float
        [N, num_classes], or None without classes.
        """
        hidden = self.encoder(images)
        return self.to_mean(hidden), None if self.to_class is None else self.to_class(hidden)

    def classify(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns logits of the class: float [N, num_classes]."""
        logits = self.codes(images)[1]
        if logits is None:
            raise ValueError("this network has no classes, for it was trained without labels")
        return logits

    def encode(self, images: torch.Tensor) -> DiagonalGaussianDistribution:
        """images: float [N, C, H, W] in [-1, 1]. Returns the latents as a posterior without variance over float [N,
        latent_dim]; with classes they are the style, and `classify` finds the class.
        """
        mean, _ = self.codes(images)
        return DiagonalGaussianDistribution(torch.cat([mean, torch.zeros_like(mean)], 1), deterministic=True)

    def decode(self, latents: torch.Tensor, class_labels: torch.Tensor | None = None) -> torch.Tensor:
        """latents: float [N, latent_dim]; class_labels, for a network with classes: int64 [N], or weights, float [N,
        num_classes]. Returns images: float [N, C, H, W] in [-1, 1].
        """
        classes = self.config.num_classes
        given = beside(latents, class_labels, classes) if classes or class_labels is not None else latents
        return (self.decoder(given) / 2).tanh()  # 2 sigmoid(x) - 1

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns reconstructions, likewise."""
        latents, logits = self.codes(images)
        return self.decode(latents, None if logits is None else logits.softmax(1))

    def sample_latents(self, num_images: int, generator: torch.Generator | None = None) -> torch.Tensor:
        return self.config.latent_std * super().sample_latents(num_images, generator)


class AAEDiscriminator(Network):
    """Latents, or probabilities of classes -> two hidden layers -> a logit."""

    @register_to_config
    def __init__(
        self,
        in_features: int = 8,
        width: int = 1000,
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(*_hidden(in_features, width), nn.Linear(width, 1))

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """codes: float [N, in_features]. Returns logits of coming from the prior: float [N]."""
        return self.layers(codes)[:, 0]


def _hidden(in_features: int, width: int) -> list[nn.Module]:
    return [nn.Linear(in_features, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()]
