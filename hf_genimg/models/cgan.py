"""Conditional GAN by concatenation (arXiv:1411.1784): the class is a one-hot vector beside what
they see.
"""

from __future__ import annotations

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.initialisation import dcgan_initialisation
from ..layers.labels import one_hot
from ..layers.latents import check_latent_distribution
from ._network import LatentNetwork, Network, check_labels
from .dcgan import growing, shrinking


def beside(vectors: torch.Tensor, class_labels: torch.Tensor | None, num_classes: int) -> torch.Tensor:
    """Float [N, D] and int64 [N] to [N, D + num_classes]: a one at the place of the class, zeros at the others; or
    weights of classes.
    """
    check_labels(num_classes, class_labels)
    return torch.cat([vectors, one_hot(class_labels, num_classes).to(vectors.dtype)], 1)


class CGANGenerator(LatentNetwork):
    """DCGAN's generator, from latents and class."""

    mixes_labels = True

    @register_to_config
    def __init__(
        self,
        image_size: int = 64,  # pixels a side: 16, 28, 32, 64, 128 or 256
        image_channels: int = 3,  # 1 grey, 3 colour
        latent_dim: int = 100,
        num_classes: int = 10,
        width: int = 64,  # channels of the largest feature map
        latent_distribution: str = "normal",  # normal, uniform or truncated
    ) -> None:
        super().__init__()
        check_latent_distribution(latent_distribution)
        self.layers = growing(image_size, latent_dim + num_classes, image_channels, width)
        self.apply(dcgan_initialisation)

    def forward(self, latents: torch.Tensor, class_labels: torch.Tensor | None = None) -> torch.Tensor:
        """latents: float [N, latent_dim]; class_labels: int64 [N], or weights, float [N, num_classes].

        Returns images: float [N, C, H, W] in [-1, 1].
        """
        return self.layers(beside(latents, class_labels, self.config.num_classes)[:, :, None, None])


class CGANDiscriminator(Network):
    """DCGAN's discriminator of the image and one constant plane for each class: ones for the image's, zeros for the
    others.
    """

    @register_to_config
    def __init__(
        self,
        image_size: int = 64,  # pixels a side: 16, 28, 32, 64, 128 or 256
        image_channels: int = 3,  # 1 grey, 3 colour
        num_classes: int = 10,
        width: int = 64,  # channels of the largest feature map
        normalization: str = "batch",  # batch, or group: of each image alone
    ) -> None:
        super().__init__()
        self.layers = shrinking(image_size, image_channels + num_classes, width, normalization=normalization)
        self.apply(dcgan_initialisation)

    def forward(self, images: torch.Tensor, class_labels: torch.Tensor | None = None) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]; class_labels: int64 [N]. Returns logits: float [N], positive for
        "real".
        """
        planes = beside(images[:, :0, 0, 0], class_labels, self.config.num_classes)[:, :, None, None]
        return self.layers(torch.cat([images, planes.expand(-1, -1, *images.shape[2:])], 1)).flatten()


class CGANMLPGenerator(LatentNetwork):
    """Latents and class -> width -> 2 width -> 4 width -> 8 width -> pixels, as `MLPGANGenerator`."""

    mixes_labels = True

    @register_to_config
    def __init__(
        self,
        image_size: int = 28,  # pixels a side
        image_channels: int = 1,  # 1 grey, 3 colour
        latent_dim: int = 100,
        num_classes: int = 10,
        width: int = 128,  # of the first hidden layer
        latent_distribution: str = "normal",  # normal, uniform or truncated
    ) -> None:
        super().__init__()
        check_latent_distribution(latent_distribution)
        layers: list[nn.Module] = [nn.Linear(latent_dim + num_classes, width), nn.LeakyReLU(0.2)]
        for features in (width, 2 * width, 4 * width):
            layers += [nn.Linear(features, 2 * features), nn.BatchNorm1d(2 * features), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Linear(8 * width, image_channels * image_size**2), nn.Tanh())

    def forward(self, latents: torch.Tensor, class_labels: torch.Tensor | None = None) -> torch.Tensor:
        """latents: float [N, latent_dim]; class_labels: int64 [N], or weights, float [N, num_classes].

        Returns images: float [N, C, H, W] in [-1, 1].
        """
        config = self.config
        pixels = self.layers(beside(latents, class_labels, config.num_classes))
        return pixels.view(-1, config.image_channels, config.image_size, config.image_size)


class CGANMLPDiscriminator(Network):
    """Pixels and class -> width -> width / 2 -> one logit, leaky ReLU between.

    With `class_heads`: pixels -> width -> width / 2 -> a logit for each class, of which that of the label is taken.
    """

    @register_to_config
    def __init__(
        self,
        image_size: int = 28,  # pixels a side
        image_channels: int = 1,  # 1 grey, 3 colour
        num_classes: int = 10,
        width: int = 512,  # of the first hidden layer
        black_is_zero: bool = False,  # the first layer is given pixels in [0, 1], not in [-1, 1]
        class_heads: bool = False,  # the class chooses among logits, and is not beside the pixels
    ) -> None:
        super().__init__()
        pixels, act = image_channels * image_size**2, nn.LeakyReLU(0.2)
        inputs, outputs = (pixels, num_classes) if class_heads else (pixels + num_classes, 1)
        self.layers = nn.Sequential(
            nn.Linear(inputs, width), act, nn.Linear(width, width // 2), act, nn.Linear(width // 2, outputs)
        )

    def forward(self, images: torch.Tensor, class_labels: torch.Tensor | None = None) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]; class_labels: int64 [N]. Returns logits: float [N], positive for
        "real".
        """
        pixels = (images.flatten(1) + 1) / 2 if self.config.black_is_zero else images.flatten(1)
        if self.config.class_heads:
            return (self.layers(pixels) * beside(pixels[:, :0], class_labels, self.config.num_classes)).sum(1)
        return self.layers(beside(pixels, class_labels, self.config.num_classes)).squeeze(1)
