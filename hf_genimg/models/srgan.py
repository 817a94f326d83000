"""SRGAN's discriminator of enlarged images (arXiv:1609.04802); its generator is SRResNet."""

from __future__ import annotations

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from ._network import Network

STAGES = 4


class SRGANDiscriminator(Network):
    """Eight convolutions, of which four halve the size, and two linear layers (figure 4)."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 96,  # pixels a side, a multiple of 16
        image_channels: int = 3,  # 1 grey, 3 colour
        width: int = 64,  # channels of the first feature maps
        hidden: int = 1024,  # of the first linear layer
    ) -> None:
        super().__init__()
        if image_size % 2**STAGES:
            raise ValueError(f"image_size={image_size} is not a multiple of {2**STAGES}; use {2**STAGES}, 32, 96, ...")
        layers: list[nn.Module] = []
        channels = image_channels
        for stage in range(STAGES):
            features = width * 2**stage
            for stride in (1, 2):
                layers.append(nn.Conv2d(channels, features, 3, stride, 1))
                layers += [nn.BatchNorm2d(features)] if stage or stride == 2 else []
                layers.append(nn.LeakyReLU(0.2))
                channels = features
        sides = image_size // 2**STAGES
        layers += [nn.Flatten(), nn.Linear(channels * sides**2, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, 1)]
        self.layers = nn.Sequential(*layers)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns logits: float [N], positive for "real"."""
        return self.layers(images).flatten()
