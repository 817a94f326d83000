"""Images of any size for a fully convolutional network: padded to what it takes, and cut into overlapping tiles."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch

from ..faults import is_out_of_memory
from .images import Images, as_float, convert, to_pil, to_uint8
from .watermark import mark as watermark

TILE = 512  # pixels a side of a tile, without what overlaps
WHOLE = 1024 * 1024  # pixels of an image; larger ones are made in tiles
LARGEST_WHOLE = 4096 * 4096  # pixels of an image for a network that depends on all of it
SMALLEST = 16  # pixels a side that an image is padded to at least


@dataclass(frozen=True)
class Inputs:
    """Images of one size, and what is given with them.

    pixels: [N, C_in, H, W], uint8 or float in [-1, 1]. mask: bool [N, 1, H, W], true where something is filled in.
    style: float [N, C, h, w] in [-1, 1]. strength: from 0 to 1. labels: int64 [N], or float [N, num_classes]. latents:
    float [N, D]. All but the pixels are None where they are not given.
    """

    pixels: torch.Tensor
    mask: torch.Tensor | None = None
    style: torch.Tensor | None = None
    strength: float | None = None
    labels: torch.Tensor | None = None
    latents: torch.Tensor | None = None


@dataclass(frozen=True)
class Tile:
    """A rectangle of the padded image, as [start, end) of rows and columns: what is kept, and what the network sees."""

    rows: tuple[int, int]
    columns: tuple[int, int]
    seen_rows: tuple[int, int]
    seen_columns: tuple[int, int]


def padded_side(side: int, multiple: int) -> int:
    """The least multiple of `multiple` that is at least `side` and `SMALLEST`."""
    return -(-max(side, SMALLEST) // multiple) * multiple


def reflected(side: int, length: int) -> torch.Tensor:
    """Indices int64 [length] that go to and fro over 0 to side - 1: reflection without repeating the edge."""
    if side == 1:
        return torch.zeros(length, dtype=torch.long)
    place = torch.arange(length) % (2 * side - 2)
    return torch.where(place < side, place, 2 * side - 2 - place)


def tiles(height: int, width: int, multiple: int, halo: int | None, tile_size: int | None = None) -> list[Tile]:
    """The tiles of an image: one where it is small enough, or where its network depends on all of it.

    Args:
        height, width: of the padded image: multiples of `multiple`.
        multiple: where tiles may begin and end.
        halo: pixels around a tile that its output depends on; None for all.
        tile_size: pixels a side of a tile; unless given, 512 for images above 1024x1024 pixels.
    """
    whole = height * width <= WHOLE if tile_size is None else max(height, width) <= tile_size
    if halo is None or whole:
        return [Tile((0, height), (0, width), (0, height), (0, width))]
    step, overlap = padded_side(tile_size or TILE, multiple), -(-halo // multiple) * multiple
    rows, columns = (list(_spans(side, step, overlap)) for side in (height, width))
    return [Tile(row, column, *seen) for (row, a), (column, b) in product(rows, columns) for seen in [(a, b)]]


def _spans(side: int, step: int, overlap: int) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """What is kept of one axis, and what is seen, tile by tile."""
    for start in range(0, side, step):
        end = min(start + step, side)
        yield (start, end), (max(0, start - overlap), min(side, end + overlap))


def tiles_of(network: Any, inputs: Inputs, tile_size: int | None) -> list[Tile]:
    """The tiles in which a `TranslationNetwork` makes these images."""
    multiple = network.size_multiple or 1
    height, width = (padded_side(side, multiple) for side in inputs.pixels.shape[2:])
    if not network.size_multiple:
        height, width = inputs.pixels.shape[2:]
    return tiles(height, width, multiple, network.halo, tile_size)


def check_whole(network: Any, height: int, width: int) -> None:
    """Raise `ValueError` for an image that must be taken whole and is too large for that."""
    if network.halo is None and height * width > LARGEST_WHOLE:
        raise ValueError(_too_large(network, height, width, (LARGEST_WHOLE / (height * width)) ** 0.5))


@contextmanager
def enough_memory(network: Any, inputs: Inputs) -> Iterator[None]:
    """A `ValueError` with a size to try, where memory does not suffice."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        height, width = inputs.pixels.shape[2:]
        if network.halo is None:
            raise ValueError(_too_large(network, height, width, 0.5)) from error
        raise ValueError(f"{width}x{height} pixels at once are too many for the memory; give tile_size=256") from error


def _too_large(network: Any, height: int, width: int, factor: float) -> str:
    smaller = f"{max(1, int(width * factor))}x{max(1, int(height * factor))}"
    return (
        f"{width}x{height} pixels are too many for {type(network).__name__}, which depends on all of an image and so "
        f"makes no tiles; resize it to {smaller}"
    )


class Canvas:
    """The translations of images of one size, made tile by tile.

    Only the inputs, the finished images and one tile are in memory at a time.
    """

    def __init__(self, network: Any, inputs: Inputs, output_type: str, device: torch.device) -> None:
        """output_type: as for a call. device: where the network runs."""
        self._network, self._inputs, self._output_type, self._device = network, inputs, output_type, device
        self._levels = output_type in ("pil", "uint8")
        count, _, height, width = inputs.pixels.shape
        shape = (count, network.config.image_channels, network.scale * height, network.scale * width)
        if self._levels:
            self._images = torch.zeros(shape[0], *shape[2:], shape[1], dtype=torch.uint8, device=device)
        else:
            self._images = torch.zeros(shape, device=device)

    def add(self, tile: Tile) -> None:
        """Make one tile. A tile in which nothing is filled in stays as it was."""
        height, width = self._inputs.pixels.shape[2:]
        rows = (tile.rows[0], min(tile.rows[1], height))
        columns = (tile.columns[0], min(tile.columns[1], width))
        if self._inputs.mask is not None and not self._inputs.mask[:, :, slice(*rows), slice(*columns)].any():
            return
        made = self._made(tile)
        scale, (top, left) = self._network.scale, (tile.seen_rows[0], tile.seen_columns[0])
        kept = made[
            :,
            :,
            scale * (rows[0] - top) : scale * (rows[1] - top),
            scale * (columns[0] - left) : scale * (columns[1] - left),
        ]
        place = tuple(slice(scale * start, scale * end) for start, end in (rows, columns))
        if self._levels:
            self._images[:, *place] = to_uint8(kept)
        else:
            self._images[:, :, *place] = convert(kept, "pt")

    def _made(self, tile: Tile) -> torch.Tensor:
        """What the network makes of what it sees of a tile."""
        inputs, given = self._inputs, {}
        dtype = next(self._network.parameters()).dtype
        pixels = as_float(_region(inputs.pixels, tile)).to(self._device, dtype)
        if inputs.mask is not None:
            mask = _region(inputs.mask, tile).to(self._device)
            pixels, given["mask"] = pixels.masked_fill(mask, 0.0), mask.to(dtype)  # blank, as in training
        if inputs.style is not None:
            given["style"] = inputs.style.to(self._device, dtype)
        if inputs.strength is not None:
            given["strength"] = float(inputs.strength)
        if inputs.labels is not None:
            labels = inputs.labels.to(self._device)
            given["class_labels"] = labels.to(dtype) if labels.is_floating_point() else labels
        if inputs.latents is not None:
            given["latents"] = inputs.latents.to(self._device, dtype)
        return self._network(pixels, **given)

    def finished(self, watermark_key: str | None = None) -> Images:
        """The images, of `output_type`: grey levels with the watermark where there is a key, then what was known."""
        images = watermark(self._images, watermark_key) if self._levels and watermark_key is not None else self._images
        if self._inputs.mask is not None:
            images = self._with_known(images)
        if self._output_type == "np":
            return images.permute(0, 2, 3, 1).cpu().contiguous().numpy()
        return to_pil(images) if self._output_type == "pil" else images

    def _with_known(self, images: torch.Tensor) -> torch.Tensor:
        """With the input itself wherever nothing is filled in."""
        pixels, mask = self._inputs.pixels, self._inputs.mask.to(self._device)
        if self._levels:
            known = pixels.permute(0, 2, 3, 1) if pixels.dtype == torch.uint8 else to_uint8(pixels)
            return torch.where(mask.permute(0, 2, 3, 1), images, known.to(self._device))
        known = pixels.float() / 255 if pixels.dtype == torch.uint8 else convert(pixels, "pt")
        return torch.where(mask, images, known.to(self._device))


def _region(pixels: torch.Tensor, tile: Tile) -> torch.Tensor:
    """What a tile sees of an image that is reflected at its edges."""
    height, width = pixels.shape[2:]
    rows = reflected(height, tile.seen_rows[1])[slice(*tile.seen_rows)]
    return pixels[:, :, rows][..., reflected(width, tile.seen_columns[1])[slice(*tile.seen_columns)]]
