"""AC-GAN (arXiv:1610.09585): the generator is conditioned on the class, and the discriminator classifies images; in
DCGAN's form.
"""

from __future__ import annotations

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.convolution import Conv2d
from ..layers.initialisation import dcgan_initialisation
from ._network import Network
from .cgan import CGANGenerator
from .dcgan import base_size, shrinking, stage_widths


class ACGANGenerator(CGANGenerator):
    """The generator of the conditional GAN: only its discriminator differs."""


class ACGANDiscriminator(Network):
    """DCGAN's discriminator with a second head that predicts the class; it is not conditioned on it."""

    renamed = {"guesses": "auxiliary_outputs"}  # noqa: RUF012

    @register_to_config
    def __init__(
        self,
        image_size: int = 64,  # pixels a side: 16, 28, 32, 64, 128 or 256
        image_channels: int = 3,  # 1 grey, 3 colour
        auxiliary_outputs: int = 10,  # outputs of the auxiliary classifier
        width: int = 64,  # channels of the largest feature map
    ) -> None:
        super().__init__()
        *trunk, last = shrinking(image_size, image_channels, width)
        self.trunk = nn.Sequential(*trunk)
        self.head = last
        self.guess = Conv2d(stage_widths(image_size, width)[-1], auxiliary_outputs, base_size(image_size))
        self.apply(dcgan_initialisation)

    def logits_and_auxiliary(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """images: float [N, C, H, W] in [-1, 1]. Returns logits float [N], and the outputs of the auxiliary classifier,
        float [N, auxiliary_outputs].
        """
        maps = self.trunk(images)
        return self.head(maps).flatten(), self.guess(maps).flatten(1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns logits: float [N], positive for "real"."""
        return self.logits_and_auxiliary(images)[0]
