"""Images at the edge of a pipeline: pictures in, and the four kinds of output."""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np
import torch
from diffusers.utils import make_image_grid
from PIL import Image, ImageOps

OUTPUT_TYPES = ("pil", "np", "pt", "uint8")
CHUNK = (
    2**18
)  # floats (1 MiB) that are converted at a time on a CPU, so that the intermediate results stay in its cache
GAP = 2  # pixels between the images of a grid
SMALLEST_IN_GRID = 64  # pixels a side; smaller images are enlarged by a whole factor so that they can be seen
EXIF_ERRORS = (OSError, SyntaxError, ValueError, TypeError, LookupError, OverflowError, struct.error)  # of damaged data
SQUARE, SQUARES = 8, (204, 255)  # pixels a side of a square of the checkerboard, and its two greys
TOLERANCE = 1e-3  # by which rounding may carry an input image out of [-1, 1]

Images = list[Image.Image] | np.ndarray | torch.Tensor


def check_output_type(output_type: str) -> None:
    """Raise `ValueError` for an output type that `convert` does not know."""
    if output_type not in OUTPUT_TYPES:
        raise ValueError(f"output_type={output_type!r} is not known; use one of {', '.join(OUTPUT_TYPES)}")


def to_uint8(images: torch.Tensor) -> torch.Tensor:
    """Float [N, C, H, W] in [-1, 1], of any dtype, to uint8 [N, H, W, C] on the same device: (x + 1) 127.5, rounded and
    clamped; of four channels the colours are divided by alpha, as PNG has them.
    """
    count, channels, height, width = images.shape
    pixels = torch.empty(count, height, width, channels, dtype=torch.uint8, device=images.device)
    chunk = max(1, CHUNK // (channels * height * width)) if images.device.type == "cpu" else count
    for part, target in zip(images.split(chunk), pixels.split(chunk), strict=True):
        levels = straight(part.float().add(1).mul_(127.5)).round_().clamp_(0, 255)
        target.copy_(levels.to(torch.uint8).permute(0, 2, 3, 1))
    return pixels


def straight(levels: torch.Tensor) -> torch.Tensor:
    """Divide the colours by alpha, float [N, 4, H, W] from 0 to 255; other images are returned as they are.

    A colour above its alpha becomes 255. What is fully transparent becomes black.
    """
    if levels.shape[1] != 4:
        return levels
    colours, alpha = levels.split([3, 1], 1)
    visible = alpha >= 0.5  # below it alpha is written as 0
    return torch.cat([torch.where(visible, 255 * colours / alpha.clamp_min(0.5), 0.0), alpha], 1)


def to_pil(pixels: torch.Tensor) -> list[Image.Image]:
    """uint8 [N, H, W, C] to N images: mode L for one channel, RGB for three, RGBA for four."""
    arrays = pixels.cpu().numpy()
    return [Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array) for array in arrays]


def convert(images: torch.Tensor, output_type: str) -> Images:
    """Convert what a network made: float [N, C, H, W] in [-1, 1], of any dtype and on any device.

    Args:
        output_type: `pil`, a list of images; `np`, float32 [N, H, W, C] in [0, 1]; `pt`, float32 [N, C, H, W] in [0, 1]
            on the device of `images`; `uint8`, torch.uint8 [N, H, W, C] on that device, the fast path for metrics and
            files.
    """
    if output_type == "uint8":
        return to_uint8(images)
    if output_type == "pil":
        return to_pil(to_uint8(images))
    unit = straight(images.float().add(1).mul_(127.5)).div_(255).clamp_(0, 1) if images.shape[1] == 4 else None
    unit = images.float().add(1).mul_(0.5).clamp_(0, 1) if unit is None else unit
    return unit if output_type == "pt" else unit.permute(0, 2, 3, 1).cpu().contiguous().numpy()


def join(parts: list[Images]) -> Images:
    """One list, array or tensor from those of the batches."""
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], list):
        return [image for part in parts for image in part]
    return np.concatenate(parts) if isinstance(parts[0], np.ndarray) else torch.cat(parts)


def grid(images: list[Image.Image], columns: int | None = None) -> Image.Image:
    """The images, all of one size and mode, row by row in a grid of the same mode: near-square unless `columns` are
    given. Images with transparency are shown on a checkerboard.

    Images below 64 pixels are enlarged by a whole factor, without smoothing. A last row that is not full ends in white.
    """
    columns = columns or math.ceil(math.sqrt(len(images)))
    rows = math.ceil(len(images) / columns)
    factor = max(1, SMALLEST_IN_GRID // min(images[0].size))
    size = (images[0].width * factor, images[0].height * factor)
    large = [on_checkerboard(image.resize(size, Image.Resampling.NEAREST)) for image in images]
    cells = [ImageOps.expand(image, GAP // 2, "white") for image in large]
    blanks = [Image.new(cells[0].mode, cells[0].size, "white")] * (rows * columns - len(images))
    return make_image_grid(cells + blanks, rows, columns).convert(cells[0].mode)


def on_checkerboard(image: Image.Image) -> Image.Image:
    """An image of mode RGBA over light squares of 8 pixels, as RGB; other images as they are."""
    if image.mode != "RGBA":
        return image
    rows, columns = np.indices((image.height, image.width)) // SQUARE
    board = Image.fromarray(np.where((rows + columns) % 2, *SQUARES).astype(np.uint8)).convert("RGBA")
    return Image.alpha_composite(board, image).convert("RGB")


def prepare(images: Any, image_size: int, image_channels: int) -> torch.Tensor:
    """Turn pictures into what a network of one size takes, just as training data is.

    Args:
        images: a PIL image, a list of PIL images, or a float tensor [N, image_channels, image_size, image_size] in [-1,
            1].

    Returns:
        float [N, image_channels, image_size, image_size] in [-1, 1].

    Raises:
        ValueError: for anything else.
    """
    if isinstance(images, torch.Tensor):
        return check_images(images, image_channels, (image_size, image_size))
    return as_float(torch.cat([square(picture, image_size, image_channels) for picture in pictures_of(images)]))


def prepare_each(images: Any, image_channels: int, image_size: int | None = None) -> list[torch.Tensor]:
    """Turn pictures into what a fully convolutional network takes, each at its own size.

    Args:
        images: as for `prepare`; a float tensor [N, image_channels, H, W] may have any size.
        image_size: of a network of one size: pictures become centre squares, and tensors must have it.

    Returns:
        for each image a tensor [1, image_channels, H, W]: uint8 of a picture, float in [-1, 1] of a tensor.

    Raises:
        ValueError: for anything else.
    """
    if isinstance(images, torch.Tensor):
        size = None if image_size is None else (image_size, image_size)
        return list(check_images(images, image_channels, size).split(1))
    pictures = pictures_of(images)
    if image_size is None:
        return [_levels(plain(picture, image_channels)) for picture in pictures]
    return [square(picture, image_size, image_channels) for picture in pictures]


def pictures_of(images: Any, name: str = "images") -> list[Image.Image]:
    """A list of PIL images from one or several; `ValueError` for anything else."""
    pictures = [images] if isinstance(images, Image.Image) else images
    if (
        not isinstance(pictures, list | tuple)
        or not pictures
        or not all(isinstance(picture, Image.Image) for picture in pictures)
    ):
        raise ValueError(
            f"{name} is {_kind(images)}; "
            "give a PIL image, a list of PIL images, or a float tensor [N, C, H, W] in [-1, 1]"
        )
    return list(pictures)


def as_float(pixels: torch.Tensor) -> torch.Tensor:
    """uint8 levels to float in [-1, 1], x / 127.5 - 1; float images as they are."""
    return pixels.float().div_(127.5).sub_(1) if pixels.dtype == torch.uint8 else pixels


def check_images(images: torch.Tensor, channels: int, size: tuple[int, int] | None = None) -> torch.Tensor:
    """`images`, a float tensor [N, channels, H, W] in [-1, 1], of this height and width where given; `ValueError` for
    any other.
    """
    fits = images.is_floating_point() and images.dim() == 4 and images.shape[1] == channels and images.numel()
    if not fits or (size is not None and tuple(images.shape[2:]) != size):
        shape = ", ".join(map(str, (channels, *(size or ("H", "W")))))
        raise ValueError(
            f"images is {images.dtype} {list(images.shape)}; this model takes float [N, {shape}] in [-1, 1]; "
            "PIL images of any size are converted"
        )
    low, high = images.min().item(), images.max().item()
    if not (low >= -1 - TOLERANCE and high <= 1 + TOLERANCE):  # written so that NaN is refused as well
        raise ValueError(
            f"images has values from {low:.4g} to {high:.4g}; bring them into [-1, 1], as in x / 127.5 - 1 for 0 to 255"
        )
    return images


def _kind(images: Any) -> str:
    if isinstance(images, list | tuple) and images:
        return f"a list with {' and '.join(sorted({type(each).__name__ for each in images}))}"
    return "an empty list" if isinstance(images, list | tuple) else type(images).__name__


def plain(image: Image.Image, channels: int) -> Image.Image:
    """A picture as networks see it, at its own size: upright, with 8 bits a channel, over white in grey or in colour;
    with four channels premultiplied (mode RGBa).
    """
    if channels == 4:
        return _eight_bits(upright(image)).convert("RGBA").convert("RGBa")
    return over_white(upright(image)).convert("L" if channels == 1 else "RGB")


def square(image: Image.Image, size: int, channels: int) -> torch.Tensor:
    """The centre square of a picture, resized by Lanczos: uint8 [1, channels, size, size]."""
    image = plain(image, channels)
    return _levels(image if image.size == (size, size) else ImageOps.fit(image, (size, size), Image.Resampling.LANCZOS))


def upright(image: Image.Image) -> Image.Image:
    """Turned as its EXIF orientation says; as it is, where its EXIF data cannot be read."""
    try:
        return ImageOps.exif_transpose(image)
    except EXIF_ERRORS:
        return image


def _levels(image: Image.Image) -> torch.Tensor:
    """uint8 [1, C, H, W] of a picture of mode L, RGB or RGBa."""
    levels = np.array(image).reshape(1, image.height, image.width, -1)
    if image.mode == "RGBa":  # where resizing rang, a colour may lie above its alpha
        levels = np.minimum(levels, levels[..., 3:])
    return torch.from_numpy(levels).permute(0, 3, 1, 2).contiguous()


def _eight_bits(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise ValueError("an image holds floating point levels, which have no agreed range; give one with 8 or 16 bits")
    if image.mode == "I" or image.mode.startswith("I;"):
        levels = np.asarray(image, dtype=np.int64).clip(0, 65535)
        return Image.fromarray(((levels + 128) // 257).astype(np.uint8))  # 65535 = 255 * 257: rounds to the nearest
    return image


def over_white(image: Image.Image) -> Image.Image:
    """A picture with 8 bits a channel, and what is transparent over white."""
    image = _eight_bits(image)
    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
