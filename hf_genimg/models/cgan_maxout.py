"""The conditional GAN as in its paper (arXiv:1411.1784, section 4.1): fully connected, maxout in the discriminator, dropout in both."""

from __future__ import annotations

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.latents import check_latent_distribution
from ._network import LatentNetwork, Network
from .cgan import beside

DROPOUT = 0.5


class _Maxout(nn.Module):
    """The largest of `pieces` linear functions, for each unit (arXiv:1302.4389)."""

    def __init__(self, inputs: int, units: int, pieces: int) -> None:
        super().__init__()
        self.linear, self.pieces = nn.Linear(inputs, units * pieces), pieces

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        return self.linear(vectors).unflatten(1, (-1, self.pieces)).amax(2)


def _told(layer: nn.Module, *activation: nn.Module) -> nn.Sequential:
    return nn.Sequential(layer, *activation, nn.Dropout(DROPOUT))


class CGANMaxoutGenerator(LatentNetwork):
    """Latents and class each to a layer of their own, both to a third, and that to pixels; ReLU, sigmoid last."""

    mixes_labels = True

    @register_to_config
    def __init__(
        self,
        image_size: int = 28,  # pixels a side
        image_channels: int = 1,  # 1 grey, 3 colour
        latent_dim: int = 100,
        num_classes: int = 10,
        width: int = 1200,  # of the layer that both lead to; latents have a sixth of it, and the class the rest
        latent_distribution: str = "uniform",  # normal, uniform (the paper's) or truncated
    ) -> None:
        super().__init__()
        check_latent_distribution(latent_distribution)
        of_latents = max(1, width // 6)
        self.latents = _told(nn.Linear(latent_dim, of_latents), nn.ReLU())
        self.classes = _told(nn.Linear(num_classes, width - of_latents), nn.ReLU())
        self.both = _told(nn.Linear(width, width), nn.ReLU())
        self.to_pixels = nn.Linear(width, image_channels * image_size**2)

    def forward(self, latents: torch.Tensor, class_labels: torch.Tensor | None = None) -> torch.Tensor:
        """latents: float [N, latent_dim]; class_labels: int64 [N], or weights, float [N, num_classes].

        Returns images: float [N, C, H, W] in [-1, 1].
        """
        config = self.config
        classes = beside(latents[:, :0], class_labels, config.num_classes)
        hidden = self.both(torch.cat([self.latents(latents), self.classes(classes)], 1))
        pixels = 2 * self.to_pixels(hidden).sigmoid() - 1
        return pixels.view(-1, config.image_channels, config.image_size, config.image_size)


class CGANMaxoutDiscriminator(Network):
    """Pixels to 240 units of 5 pieces, the class to 50 of 5, both to 240 of 4, and those to one logit."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 28,  # pixels a side
        image_channels: int = 1,  # 1 grey, 3 colour
        num_classes: int = 10,
        width: int = 240,  # units for the pixels, and for both
        class_width: int = 50,  # units for the class
    ) -> None:
        super().__init__()
        self.pixels = _told(_Maxout(image_channels * image_size**2, width, 5))
        self.classes = _told(_Maxout(num_classes, class_width, 5))
        self.both = _told(_Maxout(width + class_width, width, 4))
        self.head = nn.Linear(width, 1)

    def forward(self, images: torch.Tensor, class_labels: torch.Tensor | None = None) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]; class_labels: int64 [N]. Returns logits: float [N], positive for "real"."""
        pixels = (images.flatten(1) + 1) / 2  # the paper's pixels are from 0 to 1
        classes = beside(pixels[:, :0], class_labels, self.config.num_classes)
        return self.head(self.both(torch.cat([self.pixels(pixels), self.classes(classes)], 1))).squeeze(1)
