"""AdaIN (arXiv:1703.06868): the style of any picture, by the means and deviations of feature maps.

The encoder has the layers of VGG-19 up to relu4_1, and the decoder mirrors it. Both are learned here.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.style import adaptive_instance_norm, edge_convolution, weighted, with_colours_of
from ._network import TranslationNetwork

DOWN = (1, 1, "half", 2, 2, "half", 4, 4, 4, 4, "half", 8)  # channels of the encoder over `width`
FIRST_CONTRAST = 0.1
UP = (4, "twice", 4, 4, 4, 2, "twice", 2, 1, "twice", 1)  # of the decoder, before the image


def _layers(channels: int, plan: Sequence[int | str], width: int) -> nn.Sequential:
    """3x3 convolutions with leaky ReLU, and changes of size, from maps with `channels`."""
    layers: list[nn.Module] = []
    for step in plan:
        if step == "half":
            layers.append(nn.MaxPool2d(2))
        elif step == "twice":
            layers.append(nn.Upsample(scale_factor=2, mode="nearest"))
        else:
            layers += [edge_convolution(channels, step * width, 3), nn.LeakyReLU(0.2)]
            channels = step * width
    return nn.Sequential(*layers)


class AdaINTranslator(TranslationNetwork):
    """Encoder, adaptive instance norm, decoder; pictures and styles of any size. Images are clipped to [-1, 1] in eval
    mode only: what lies outside has a gradient in training, as in the published code.

    Statistics are of all of a picture, so it is not made in tiles.
    """

    conditions = ("inputs", "style", "strength")
    size_multiple = 8

    @register_to_config
    def __init__(
        self,
        image_size: int = 256,  # pixels a side that it is trained at; pictures may have any size
        image_channels: int = 3,  # 1 grey, 3 colour
        input_channels: int = 3,  # 1 grey, 3 colour
        width: int = 64,  # channels at full size; eight times as many at an eighth of it
    ) -> None:
        super().__init__()
        self.encoder = _layers(input_channels, DOWN, width)
        last = edge_convolution(width, image_channels, 3)
        with torch.no_grad():
            last.weight *= FIRST_CONTRAST
        self.decoder = nn.Sequential(*_layers(8 * width, UP, width), last)

    def forward(self, inputs: torch.Tensor, style: torch.Tensor | None = None, strength: float = 1.0) -> torch.Tensor:
        """inputs: float [N, C_in, H, W] in [-1, 1], sides multiples of 8; style: float [N, C_in, h, w], or None for its
        own; strength: from 0, the content encoded and decoded, to 1.

        Returns images: float [N, C, H, W] in [-1, 1].
        """
        return self.stylize(inputs, [inputs if style is None else style], strength=strength)

    def stylize(
        self,
        inputs: torch.Tensor,
        styles: Sequence[torch.Tensor],
        *,
        weights: Sequence[float] | None = None,
        masks: Sequence[torch.Tensor] | None = None,
        strength: float = 1.0,
        keep_colours: bool = False,
    ) -> torch.Tensor:
        """Several styles at once, mixed everywhere or each in a region of its own.

        Args:
            inputs: as for a call.
            styles: one or more, each float [N, C_in, h, w] in [-1, 1].
            weights: of the styles, from 0; equal unless given.
            masks: a region for each style, float [N, 1, H, W] from 0 to 1, in place of weights. Where they do not sum
                to 1, the rest is the content's own style.
            strength: as for a call.
            keep_colours: give the styles the colours of the inputs first.

        Returns:
            images: float [N, C, H, W] in [-1, 1].

        Raises:
            ValueError: weights or masks are not one for each style.
        """
        if masks is not None and (weights is not None or len(masks) != len(styles)):
            raise ValueError(f"masks are {len(masks)} for {len(styles)} styles; give one for each, and no weights")
        styles = [with_colours_of(style, inputs) for style in styles] if keep_colours else styles
        content = self.encoder(inputs)
        styled = [adaptive_instance_norm(content, self.encoder(style)) for style in styles]
        if masks is None:
            mixed = weighted(styled, weights)
        else:
            regions = [nn.functional.interpolate(mask, content.shape[2:], mode="area") for mask in masks]
            mixed = content + sum(region * (each - content) for region, each in zip(regions, styled, strict=True))
        images = self.decoder(torch.lerp(content, mixed, strength))
        return images if self.training else images.clamp(-1, 1)
