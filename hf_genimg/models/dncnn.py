"""DnCNN: a chain of convolutions that finds the noise in an image (arXiv:1608.03981)."""

from __future__ import annotations

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from ._network import TranslationNetwork
from ._value_range import check_value_range, into, out_of

NORMS = ("batch", "none")
GAIN = 0.2  # of the orthogonal initial weights, as in the authors' later code (KAIR)


class DnCNNGenerator(TranslationNetwork):
    """The input less what a chain of 3x3 convolutions with batch norm and ReLU finds in it.

    Kernels of released models have their batch norm merged into them: those have norm="none".
    """

    @register_to_config
    def __init__(
        self,
        image_size: int = 40,  # pixels a side in training; others are taken too
        image_channels: int = 1,  # 1 grey, 3 colour
        input_channels: int = 1,  # the same: the network subtracts from its input
        width: int = 64,  # channels of the feature maps
        depth: int = 17,  # convolutions; 20 for colour and for noise of unknown strength in the paper
        norm: str = "batch",  # or none
        value_range: str = "-1,1",  # of images inside: 0,1 for networks that were trained elsewhere
    ) -> None:
        super().__init__()
        if input_channels != image_channels:
            raise ValueError(
                f"input_channels={input_channels} differs from image_channels={image_channels}, and DnCNN subtracts "
                "from its input; use equal ones"
            )
        if norm not in NORMS:
            raise ValueError(f"norm={norm!r} is not known; use one of {', '.join(NORMS)}")
        check_value_range(value_range)
        if depth < 2:
            raise ValueError(f"depth={depth} leaves no first and last convolution; use 2 or more")
        layers = [nn.Conv2d(input_channels, width, 3, padding=1), nn.ReLU()]
        for _ in range(depth - 2):
            layers += [nn.Conv2d(width, width, 3, padding=1)]
            layers += [nn.BatchNorm2d(width)] if norm == "batch" else []
            layers += [nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, image_channels, 3, padding=1))
        self.apply(_init_weights)

    @property
    def halo(self) -> int:
        """One pixel for each convolution."""
        return self.config.depth

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """inputs: float [N, C, H, W] in [-1, 1].

        Returns images of the same shape, in [-1, 1] in eval mode; in training as they are, so that every pixel has a
        gradient.
        """
        inputs = into(inputs, self.config.value_range)
        images = out_of(inputs - self.layers(inputs), self.config.value_range)
        return images if self.training else images.clamp(-1, 1)


def _init_weights(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.orthogonal_(module.weight, GAIN)
        nn.init.zeros_(module.bias)
