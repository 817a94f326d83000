"""A growing GAN (arXiv:1710.10196, in miniature): both networks double their size, faded in, while images pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import register_to_config
from torch import nn

from hf_genimg.models._network import LatentNetwork, Network
from hf_genimg.recipes._adversarial import AdversarialRecipe


def faded(large: torch.Tensor, small: torch.Tensor, alpha: torch.Tensor) -> torch.Tensor:
    """From the enlarged small image to the large one."""
    return torch.lerp(F.interpolate(small, scale_factor=2), large, alpha.to(large.dtype))


class GrowingGenerator(LatentNetwork):
    """8 pixels at first, 16 in the end; always returned at 16."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 16,
        image_channels: int = 1,
        latent_dim: int = 8,
        latent_distribution: str = "normal",
    ) -> None:
        super().__init__()
        self.first = nn.Linear(latent_dim, 8 * 64)
        self.small, self.block = nn.Conv2d(8, image_channels, 1), nn.Conv2d(8, 8, 3, padding=1)
        self.large = nn.Conv2d(8, image_channels, 1)
        self.register_buffer("alpha", torch.zeros(()))

    def forward(self, latents: torch.Tensor, class_labels: None = None) -> torch.Tensor:
        maps = self.first(latents).unflatten(1, (8, 8, 8)).relu()
        grown = self.block(F.interpolate(maps, scale_factor=2)).relu()
        return faded(self.large(grown), self.small(maps), self.alpha).tanh()


class GrowingDiscriminator(Network):
    """The same in reverse; real images are faded as fakes are."""

    @register_to_config
    def __init__(self, image_size: int = 16, image_channels: int = 1) -> None:
        super().__init__()
        self.large, self.small = nn.Conv2d(image_channels, 8, 1), nn.Conv2d(image_channels, 8, 1)
        self.block, self.last = nn.Conv2d(8, 8, 3, padding=1), nn.Linear(8 * 64, 1)
        self.register_buffer("alpha", torch.zeros(()))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        halved = F.avg_pool2d(images, 2)
        large = F.avg_pool2d(self.block(self.large(images).relu()).relu(), 2)
        maps = torch.lerp(self.small(halved).relu(), large, self.alpha.to(large.dtype))
        return self.last(maps.flatten(1)).squeeze(1)


@dataclass(frozen=True, kw_only=True)
class Growing(AdversarialRecipe):
    """The fade takes the first three quarters of the run."""

    image_size: int = 16

    def models(self) -> dict[str, nn.Module]:
        size = {"image_size": self.image_size, "image_channels": self.image_channels}
        generator = GrowingGenerator(**size, latent_dim=self.latent_dim)
        return {"generator": generator, "discriminator": GrowingDiscriminator(**size)}

    def advance(self, networks: Mapping[str, nn.Module], images: int) -> None:
        for network in networks.values():
            network.alpha.fill_(min(1.0, images / (0.75 * self.images)))
