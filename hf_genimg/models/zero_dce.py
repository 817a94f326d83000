"""Zero-DCE: curves for each pixel that brighten an image, learned without references (arXiv:2001.06826)."""

from __future__ import annotations

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from ._network import TranslationNetwork

CURVES = 8


class ZeroDCEGenerator(TranslationNetwork):
    """Seven convolutions give eight curves a pixel and channel, which are applied one after the other (eq. 3, 4)."""

    halo = 7

    @register_to_config
    def __init__(
        self,
        image_size: int = 256,  # pixels a side in training; others are taken too
        image_channels: int = 3,  # 1 grey, 3 colour
        input_channels: int = 3,  # the same
        width: int = 32,  # channels of the feature maps
    ) -> None:
        super().__init__()
        if input_channels != image_channels:
            raise ValueError(
                f"input_channels={input_channels} differs from image_channels={image_channels}; use equal ones"
            )
        ins = [input_channels, width, width, width, 2 * width, 2 * width, 2 * width]
        outs = [*[width] * 6, CURVES * image_channels]
        pairs = zip(ins, outs, strict=True)
        self.layers = nn.ModuleList(nn.Conv2d(one, other, 3, padding=1) for one, other in pairs)
        for layer in self.layers:
            nn.init.normal_(layer.weight, 0.0, 0.02)
            nn.init.zeros_(layer.bias)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """inputs: float [N, C, H, W] in [-1, 1]. Returns images of the same shape and range."""
        return self.brightened(inputs, self.curves(inputs))

    def curves(self, inputs: torch.Tensor) -> torch.Tensor:
        """The curves, float [N, 8 C, H, W] in [-1, 1], of inputs as of `forward`; below 0 they brighten."""
        maps = [inputs * 0.5 + 0.5]
        for number, layer in enumerate(self.layers[:4]):
            maps.append(torch.relu(layer(maps[number])))
        joined = maps[4]
        for layer, earlier in zip(self.layers[4:], (maps[3], maps[2], maps[1]), strict=True):
            joined = layer(torch.cat([earlier, joined], 1))
            joined = torch.tanh(joined) if layer is self.layers[-1] else torch.relu(joined)
        return joined

    def brightened(self, inputs: torch.Tensor, curves: torch.Tensor) -> torch.Tensor:
        """x + r (x^2 - x) for each of the eight curves, x in [0, 1]; from and to [-1, 1]."""
        levels = inputs.float() * 0.5 + 0.5
        for curve in curves.float().chunk(CURVES, dim=1):
            levels = levels + curve * (levels.square() - levels)
        return levels * 2 - 1
