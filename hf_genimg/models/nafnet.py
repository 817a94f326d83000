"""NAFNet: a U-Net of blocks without activation functions that restores images (arXiv:2204.04676)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from ._network import TranslationNetwork

EPS = 1e-6  # of the layer norm
LARGE = 1024 * 1024  # positions of a map above which blocks run in strips where no gradient is needed
STRIP = 128  # rows


class NAFNetGenerator(TranslationNetwork):
    """Adds to its input what it finds missing, by blocks at several sizes, halved on the way down and doubled back.

    The channel attention takes the mean of the whole image, so the output depends on all of it (`halo` is None); with
    `window`, the mean of the window around each pixel, so that images larger than those of training are restored as
    these are, and in tiles (arXiv:2112.04491).
    """

    @register_to_config
    def __init__(
        self,
        image_size: int = 256,  # pixels a side in training; others are taken too
        image_channels: int = 3,  # 1 grey, 3 colour
        input_channels: int = 3,  # the same: the network adds to its input
        width: int = 32,  # channels of the largest feature maps
        encoder_blocks: Sequence[int] = (2, 2, 4, 8),  # at each size on the way down
        middle_blocks: int = 12,  # at the smallest size
        decoder_blocks: Sequence[int] = (2, 2, 2, 2),  # at each size on the way up
        window: int | None = None,  # pixels a side of what the channel attention sees; None: the whole image
    ) -> None:
        super().__init__()
        if input_channels != image_channels:
            raise ValueError(
                f"input_channels={input_channels} differs from image_channels={image_channels}, and NAFNet adds to its "
                "input; use equal ones"
            )
        if len(encoder_blocks) != len(decoder_blocks) or not encoder_blocks:
            raise ValueError(
                f"there are {len(encoder_blocks)} encoder_blocks and {len(decoder_blocks)} decoder_blocks; give a "
                "number for each size, as many of one as of the other"
            )
        levels = len(encoder_blocks)
        if window is not None and (window < 2**levels or window % 2**levels):
            raise ValueError(f"window={window} is not a multiple of {2**levels}, as {levels} halvings need; use one")
        widths = [width * 2**level for level in range(levels + 1)]
        windows = [None if window is None else window // 2**level for level in range(levels + 1)]
        self.first = nn.Conv2d(input_channels, width, 3, padding=1)
        self.encoders = nn.ModuleList(map(_blocks, widths[:-1], encoder_blocks, windows))
        self.downs = nn.ModuleList(nn.Conv2d(c, 2 * c, 2, 2) for c in widths[:-1])
        self.middle = _blocks(widths[-1], middle_blocks, windows[-1])
        self.ups = nn.ModuleList(
            nn.Sequential(nn.Conv2d(c, 2 * c, 1, bias=False), nn.PixelShuffle(2)) for c in widths[:0:-1]
        )
        self.decoders = nn.ModuleList(map(_blocks, widths[-2::-1], decoder_blocks, windows[-2::-1]))
        self.last = nn.Conv2d(width, image_channels, 3, padding=1)

    @property
    def size_multiple(self) -> int:
        """A side is halved once for each encoder."""
        return 2 ** len(self.config.encoder_blocks)

    @property
    def halo(self) -> int | None:
        """Half a window for each block, and another half where windows are moved inwards at the edges; then kernels."""
        if self.config.window is None:
            return None
        config = self.config
        levels = len(config.encoder_blocks)
        scales = [2**level for level in range(levels)]
        blocks = [a + b for a, b in zip(config.encoder_blocks, reversed(config.decoder_blocks), strict=True)]
        kernels = sum(n * scale for n, scale in zip([*blocks, config.middle_blocks], [*scales, 2**levels], strict=True))
        half = config.window // 2
        return half * (sum(blocks) + config.middle_blocks + 1) + kernels + 2 + 2**levels

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """inputs: float [N, C, H, W] in [-1, 1], sides multiples of `size_multiple`.

        Returns images of the same shape, in [-1, 1] in eval mode; in training as they are, so that every pixel has a
        gradient.
        """
        maps, skips = self.first(inputs), []
        for encoder, down in zip(self.encoders, self.downs, strict=True):
            maps = encoder(maps)
            skips.append(maps)
            maps = down(maps)
        maps = self.middle(maps)
        for up, decoder in zip(self.ups, self.decoders, strict=True):
            maps = decoder(_added(skips.pop(), up, maps))
        images = inputs + self.last(maps)
        return images if self.training else images.clamp(-1, 1)


def _in_strips(maps: torch.Tensor) -> bool:
    """Whether these maps are changed in place, strip by strip."""
    inference = not torch.is_grad_enabled() and not torch.compiler.is_exporting()
    return inference and maps.shape[2] * maps.shape[3] > LARGE


def _strips(height: int) -> list[slice]:
    return [slice(start, min(start + STRIP, height)) for start in range(0, height, STRIP)]


def _added(skip: torch.Tensor, up: nn.Module, maps: torch.Tensor) -> torch.Tensor:
    """The doubled maps and the skip connection; a large one is overwritten."""
    if not _in_strips(skip):
        return up(maps) + skip
    for rows in _strips(maps.shape[2]):
        skip[:, :, 2 * rows.start : 2 * rows.stop] += up(maps[:, :, rows])
    return skip


def _blocks(width: int, count: int, window: int | None) -> nn.Sequential:
    return nn.Sequential(*[_Block(width, window) for _ in range(count)])


class _Block(nn.Module):
    """Figure 3c of the paper: a gated depthwise convolution with channel attention, then a gated linear layer at each
    position; both add to their input, by a factor a channel that begins at zero.
    """

    def __init__(self, width: int, window: int | None) -> None:
        super().__init__()
        self.spatial = nn.Sequential(
            _LayerNorm(width),
            nn.Conv2d(width, 2 * width, 1),
            nn.Conv2d(2 * width, 2 * width, 3, padding=1, groups=2 * width),
            _Gate(),
            _ChannelAttention(width, window),
            nn.Conv2d(width, width, 1),
        )
        self.pointwise = nn.Sequential(
            _LayerNorm(width), nn.Conv2d(width, 2 * width, 1), _Gate(), nn.Conv2d(width, width, 1)
        )
        self.beta = nn.Parameter(torch.zeros(1, width, 1, 1))
        self.gamma = nn.Parameter(torch.zeros(1, width, 1, 1))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        if _in_strips(maps):
            return self._by_strip(maps)
        maps = maps + self.beta * self.spatial(maps)
        return maps + self.gamma * self.pointwise(maps)

    def _by_strip(self, maps: torch.Tensor) -> torch.Tensor:
        """The same, in place and some rows at a time: beside the maps, one more of their size is in memory."""
        norm, widened, depthwise, gate, attention, narrowed = self.spatial
        gated, strips = torch.empty_like(maps), _strips(maps.shape[2])
        for rows in strips:
            top = max(rows.start - 1, 0)  # a row more on each side, for the depthwise convolution
            strip = gate(depthwise(widened(norm(maps[:, :, top : rows.stop + 1]))))
            gated[:, :, rows] = strip[:, :, rows.start - top :][:, :, : rows.stop - rows.start]
        gated *= attention.factors(gated)
        for rows in strips:
            strip = maps[:, :, rows]  # a view
            strip += self.beta * narrowed(gated[:, :, rows])
            strip += self.gamma * self.pointwise(strip)
        return maps


class _LayerNorm(nn.Module):
    """Each position normalised over its channels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        normalised = nn.functional.layer_norm(maps.permute(0, 2, 3, 1), self.weight.shape, self.weight, self.bias, EPS)
        return normalised.permute(0, 3, 1, 2)


class _Gate(nn.Module):
    """The product of both halves of the channels, in place of an activation function (eq. 4)."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        one, other = maps.chunk(2, dim=1)
        return one * other


class _ChannelAttention(nn.Module):
    """Channels weighted by a linear function of their means over the image (eq. 8), or over the window around each
    position.
    """

    def __init__(self, width: int, window: int | None) -> None:
        super().__init__()
        self.weights, self.window = nn.Conv2d(width, width, 1), window

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return maps * self.factors(maps)

    def factors(self, maps: torch.Tensor) -> torch.Tensor:
        """float [N, C, 1, 1], or the shape of the maps where each position has a window of its own."""
        if self.window is None or max(maps.shape[2:]) <= self.window:
            return self.weights(maps.mean((2, 3), keepdim=True))
        return self.weights(local_mean(maps, self.window))


def local_mean(maps: torch.Tensor, window: int) -> torch.Tensor:
    """The mean of the window around each position; at the edges, of the nearest window inside.

    maps: float [N, C, H, W]. Returns the same shape.
    """
    rows, columns = (min(window, side) for side in maps.shape[2:])
    inside = nn.functional.avg_pool2d(nn.functional.avg_pool2d(maps, (rows, 1), 1), (1, columns), 1)
    top, left = (rows - 1) // 2, (columns - 1) // 2
    return nn.functional.pad(inside, (left, columns - 1 - left, top, rows - 1 - top), mode="replicate")
