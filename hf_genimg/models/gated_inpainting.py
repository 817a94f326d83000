"""Free-form filling in with gated convolutions, and a spectrally normed discriminator of patches (arXiv:1806.03589)."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.contextual_attention import RATE, contextual_attention
from ..layers.spectral_norm import spectral_norm
from ._network import Network, TranslationNetwork

DILATIONS = (2, 4, 8, 16)
HALVINGS = 6  # of the discriminator
OPEN = 1.5  # of He's initial weights of features: half of them passes the gates, so that maps keep their spread

Layer = tuple[int, int, int, int]  # channels of the convolution, kernel, stride, dilation


class GatedInpaintingGenerator(TranslationNetwork):
    """A coarse filling, and a second network that refines it, partly from known patches of the image (figure 3).

    refine=false leaves the second network out. Known pixels come back as they were.
    """

    conditions = ("inputs", "mask")
    halo = None

    @register_to_config
    def __init__(
        self,
        image_size: int = 256,  # pixels a side in training; others are taken too
        image_channels: int = 3,  # 1 grey, 3 colour
        input_channels: int = 3,  # the same
        width: int = 48,  # channels of the first convolution, half of which are gates
        refine: bool = True,  # with the second network and its contextual attention
    ) -> None:
        super().__init__()
        if input_channels != image_channels or width % 4:
            fact = f"input_channels={input_channels}, image_channels={image_channels} and width={width}"
            raise ValueError(f"{fact} are not possible; use as many channels on both sides, and a multiple of 4")
        self.coarse = nn.Sequential(
            *_down(input_channels + 2, width), *_dilated(width), *_plain(width, 2), *_up(2 * width, width)
        )
        self.coarse_image = nn.Conv2d(width // 4, image_channels, 3, padding=1)
        if refine:
            self.hallucinated = nn.Sequential(*_slow_down(input_channels, width, 2 * width), *_dilated(width))
            gates = [_Gated(2 * width, 4 * width, nn.ReLU())]
            down = _slow_down(input_channels, width, 4 * width)
            self.attended = nn.Sequential(*down, *gates)
            self.after_attention = nn.Sequential(*_plain(width, 2))
            joined = [_Gated(4 * width, 4 * width), *_plain(width, 1), *_up(2 * width, width)]
            self.refined = nn.Sequential(*joined)
            self.refined_image = nn.Conv2d(width // 4, image_channels, 3, padding=1)

    @property
    def size_multiple(self) -> int:
        """A side is halved twice, and by the attention once more."""
        return 4 * RATE if self.config.refine else 4

    def forward(self, inputs: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """inputs: float [N, C, H, W] in [-1, 1]. mask: float [N, 1, H, W], 1 where something is filled in.

        Returns images: float [N, C, H, W] in [-1, 1], the inputs where the mask is 0.
        """
        return torch.where(mask > 0.5, self.stages(inputs, mask)[-1], inputs)

    def stages(self, inputs: torch.Tensor, mask: torch.Tensor) -> list[torch.Tensor]:
        """The image of each network, whole, as the losses see them: float [N, C, H, W] in [-1, 1]."""
        mask = mask.to(inputs.dtype)
        known = inputs * (1 - mask)
        coarse = torch.tanh(self.coarse_image(self.coarse(torch.cat([known, torch.ones_like(mask), mask], 1))))
        if not self.config.refine:
            return [coarse]
        pasted = coarse * mask + known
        attended = self.attended(pasted)
        small_mask = F.interpolate(mask, attended.shape[2:], mode="area").ceil()
        attended = self.after_attention(contextual_attention(attended, small_mask))
        maps = self.refined(torch.cat([self.hallucinated(pasted), attended], 1))
        return [coarse, torch.tanh(self.refined_image(maps))]


class _Gated(nn.Module):
    """Half of the channels of a convolution, weighted by the sigmoid of the other half (eq. 3)."""

    def __init__(
        self,
        in_channels: int,
        channels: int,
        activation: nn.Module | None = None,
        kernel: int = 3,
        stride: int = 1,
        dilation: int = 1,
        enlarge: bool = False,
    ) -> None:
        super().__init__()
        padding = dilation * (kernel // 2)
        self.layer = nn.Conv2d(in_channels, channels, kernel, stride, padding, dilation)
        self.activation, self.enlarge = activation or nn.ELU(), enlarge
        nn.init.kaiming_normal_(self.layer.weight)
        self.layer.weight.data[: channels // 2].mul_(OPEN)
        nn.init.zeros_(self.layer.bias)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        maps = F.interpolate(maps, scale_factor=2, mode="nearest") if self.enlarge else maps
        features, gates = self.layer(maps).chunk(2, dim=1)
        return self.activation(features) * torch.sigmoid(gates)


def _chain(in_channels: int, layers: Iterable[Layer]) -> list[_Gated]:
    found = []
    for channels, kernel, stride, dilation in layers:
        found.append(_Gated(in_channels, channels, None, kernel, stride, dilation))
        in_channels = channels // 2
    return found


def _down(in_channels: int, width: int) -> list[_Gated]:
    """To a quarter of the size in the coarse network."""
    sizes = [
        (width, 5, 1),
        (2 * width, 3, 2),
        (2 * width, 3, 1),
        (4 * width, 3, 2),
        (4 * width, 3, 1),
        (4 * width, 3, 1),
    ]
    return _chain(in_channels, [(*size, 1) for size in sizes])


def _slow_down(in_channels: int, width: int, at_half: int) -> list[_Gated]:
    """To a quarter of the size in the refining network. at_half: channels of the convolution that leaves half the
    size.
    """
    sizes = [(width, 5, 1), (width, 3, 2), (2 * width, 3, 1), (at_half, 3, 2), (4 * width, 3, 1)]
    return _chain(in_channels, [(*size, 1) for size in [*sizes, *([(4 * width, 3, 1)] if at_half < 4 * width else [])]])


def _dilated(width: int) -> list[_Gated]:
    return _chain(2 * width, [(4 * width, 3, 1, dilation) for dilation in DILATIONS])


def _plain(width: int, count: int) -> list[_Gated]:
    return _chain(2 * width, [(4 * width, 3, 1, 1)] * count)


def _up(in_channels: int, width: int) -> list[_Gated]:
    """From a quarter of the size to a sixteenth of the channels."""
    return [
        _Gated(in_channels, 2 * width, enlarge=True),
        _Gated(width, 2 * width),
        _Gated(width, width, enlarge=True),
        _Gated(width // 2, width // 2),
    ]


class GatedInpaintingDiscriminator(Network):
    """Every activation of the last map is a logit of its own (SN-PatchGAN, section 3.3)."""

    conditions = ("mask",)

    @register_to_config
    def __init__(
        self,
        image_size: int = 256,  # pixels a side
        image_channels: int = 3,  # 1 grey, 3 colour
        width: int = 64,  # channels of the first feature maps
    ) -> None:
        super().__init__()
        channels = [image_channels + 1, *(width * min(2**stage, 4) for stage in range(HALVINGS))]
        layers: list[nn.Module] = []
        for stage in range(HALVINGS):
            layers += [spectral_norm(nn.Conv2d(channels[stage], channels[stage + 1], 5, 2, 2)), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers)

    def forward(self, images: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. mask: float [N, 1, H, W], 1 where something is filled in.

        Returns logits: float [N, 4 width, h, w].
        """
        return self.layers(torch.cat([images, mask.to(images.dtype)], 1))
