"""One picture to one uint8 array: orientation, transparency, depth, colour, crop and size."""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from ..faults import read_errors, reason
from .open_picture import MAX_PIXELS, open_header, orientation, upright
from .source import Picture, Source

FITS = ("crop", "pad", "stretch")
_GREY_MODES = ("1", "L", "LA", "La", "I", "F")
_MODES = {1: "L", 3: "RGB", 4: "RGBa"}  # RGBa: premultiplied
_PICTURES_LOOKED_AT = 32
_LEVELS_16_BIT = 65535
LEAVE_OUT = ", or set skip_bad=true to leave such pictures out"


class BadPicture(ValueError):
    """A picture that cannot be used; `fact` names it and says why, the message (one line) also what to do."""

    def __init__(self, fact: str, advice: str) -> None:
        super().__init__(f"{fact}; {advice}")
        self.fact, self.advice = fact, advice


@dataclass(frozen=True)
class Decoding:
    """How pictures become images.

    Args:
        image_size: height and width of an image, in pixels.
        image_channels: 1 grey, 3 colour over white, or 4: colour times alpha (premultiplied, so that what hides behind
            transparency is black), and alpha.
        upscale: whether smaller pictures are enlarged; otherwise they are bad.
        skip_bad: whether bad pictures are left out.
        fit: how other shapes become square: the centre square (`crop`), the whole on a white square (`pad`), or
            `stretch`.
        crop_from: None, or pictures keep their shape, and their size up to so many pixels on the shorter side, for
            squares to be cut of them as batches are read.
        max_pixels: the most pixels that a picture may have.
        max_level: white, of pictures with 16 bits a level; None: 65535.
    """

    image_size: int
    image_channels: int
    upscale: bool = False
    skip_bad: bool = False
    fit: str = "crop"
    crop_from: int | None = None
    max_pixels: int = MAX_PIXELS
    max_level: int | None = None


def decoding(
    image_size: int,
    image_channels: int | None = None,
    upscale: bool = False,
    skip_bad: bool = False,
    fit: str = "crop",
    random_crop: bool = False,
    crop_from: int | None = None,
    max_pixels: int = MAX_PIXELS,
    max_level: int | None = None,
    called: str = "image_channels",
) -> Decoding:
    """The decoding that arguments as of `open_dataset` mean; 0 channels are those of the data.

    Raises:
        ValueError: a number or a word that no decoding has.
    """
    check_numbers(image_size, image_channels, called, transparent=True)
    if fit not in FITS:
        raise ValueError(f"fit={fit!r} is not known; use one of {', '.join(FITS)}")
    if crop_from is not None and not random_crop:
        raise ValueError(f"crop_from={crop_from} needs random_crop=true")
    if random_crop and fit != "crop":
        raise ValueError(f"random_crop=true cuts squares, so fit={fit} is not possible; use fit=crop")
    if crop_from is not None and crop_from < image_size:
        raise ValueError(f"crop_from={crop_from} is below image_size={image_size}, of which squares are cut")
    most = Image.MAX_IMAGE_PIXELS or max_pixels
    if not 1 <= max_pixels <= most:
        raise ValueError(f"max_pixels={max_pixels} is not allowed; use 1 to {most}, the most that Pillow opens")
    if max_level is not None and not 1 <= max_level <= 65535:
        raise ValueError(f"max_level={max_level} is not allowed; use 1 to 65535, such as 4095 for 12 bits")
    bound = (crop_from or 4 * image_size) if random_crop else None
    return Decoding(image_size, image_channels or 0, upscale, skip_bad, fit, bound, max_pixels, max_level)


def check_numbers(
    image_size: int, channels: int | None, called: str = "image_channels", transparent: bool = False
) -> None:
    """Raise `ValueError` for a size or a number of channels that no image has. transparent: whether 4 are possible."""
    if isinstance(image_size, bool) or not isinstance(image_size, int) or image_size < 1:
        raise ValueError(
            f"image_size={image_size!r} is not a number of pixels; use a whole number from 1, such as 32 or 64"
        )
    if isinstance(channels, bool) or channels not in (None, 1, 3, *([4] if transparent else [])):
        also = ", 4 (with transparency)" if transparent else ""
        raise ValueError(f"{called}={channels!r} is not allowed; use 1 (grey), 3 (RGB){also} or None (as in the data)")


class Decoded(NamedTuple):
    """uint8 [H, W, C], and the largest level of a picture with 16 bits a level, 0 for others."""

    levels: np.ndarray
    largest: int


def decode(picture: Picture, how: Decoding) -> np.ndarray:
    """A picture as `how` says, resized with antialiasing: uint8 [image_size, image_size, image_channels], or with
    `crop_from` of any height and width from image_size on.

    Raises:
        BadPicture: it cannot be read, or is smaller than `image_size` and `upscale` is off.
    """
    return decode_with_largest(picture, how).levels


def decode_with_largest(picture: Picture, how: Decoding) -> Decoded:
    """As `decode`, with the largest level before it was scaled."""
    if isinstance(picture.content, Image.Image):
        return Decoded(_enlarge(_half(picture, picture.content), how), 0)
    try:
        with _open(picture, how.max_pixels) as image:
            image = _half(picture, upright(image))
            _check_size(picture, image, how)
            image, largest = _flatten(image, how.max_level or _LEVELS_16_BIT, how.image_channels == 4)
            image = image.convert(_MODES[how.image_channels])
    except BadPicture:
        raise
    except read_errors() as error:
        raise _unreadable(picture, error) from error
    return Decoded(_fitted(image, how), largest)


def detect_channels(source: Source, max_pixels: int = MAX_PIXELS) -> int:
    """1 when all pictures are of a grey mode, else 3. Unreadable ones have no say; only headers are read."""
    with closing(source.pictures()) as pictures:
        return 1 if all(_seems_grey(picture, max_pixels) for picture in pictures) else 3


def _seems_grey(picture: Picture, max_pixels: int) -> bool:
    if isinstance(picture.content, Image.Image):
        return True
    try:
        with _open(picture, max_pixels) as image:
            return image.mode.split(";")[0] in _GREY_MODES
    except read_errors():
        return True  # `decode` will report it


def detect_sizes(source: Source) -> list[int]:
    """The shorter sides of the first 32 pictures; empty where they may have any size. Only headers are read."""
    sizes = []
    with closing(source.pictures()) as pictures:
        for picture in islice(pictures, _PICTURES_LOOKED_AT):
            if not isinstance(picture.content, Image.Image):
                with suppress(*read_errors()), _open(picture) as image:
                    sizes.append(min(image.size))
    return sizes


def seems_transparent(source: Source) -> bool:
    """Whether any of the first 32 pictures has a pixel that is not opaque. Unreadable ones have no say."""
    with closing(source.pictures()) as pictures:
        return any(_has_holes(picture) for picture in islice(pictures, _PICTURES_LOOKED_AT))


def _has_holes(picture: Picture) -> bool:
    if isinstance(picture.content, Image.Image):
        return False
    try:
        with _open(picture) as image:
            if not image.has_transparency_data:
                return False
            return image.convert("RGBA").getchannel("A").getextrema()[0] < 255
    except read_errors():
        return False


def seems_doubled(source: Source) -> bool:
    """Whether the first 32 pictures are all twice as wide as high. Unreadable ones have no say."""
    with closing(source.pictures()) as pictures:
        sizes = [size for size in map(_size, islice(pictures, _PICTURES_LOOKED_AT)) if size]
    return bool(sizes) and all(width == 2 * height for width, height in sizes)


def _size(picture: Picture) -> tuple[int, int] | None:
    if isinstance(picture.content, Image.Image):
        return picture.content.size
    try:
        with _open(picture) as image:
            return image.size[::-1] if orientation(image) > 4 else image.size  # 5 to 8 lie on their side
    except read_errors():
        return None


def _half(picture: Picture, image: Image.Image) -> Image.Image:
    if not picture.half:
        return image
    if image.width != 2 * image.height:
        fact = f"{picture.name} is {image.width}x{image.height}, not twice as wide as high"
        raise BadPicture(fact, "give two squares side by side, or other inputs and targets than left and right")
    middle = image.width // 2
    return image.crop(
        (0, 0, middle, image.height) if picture.half == "left" else (middle, 0, image.width, image.height)
    )


def _open(picture: Picture, max_pixels: int = MAX_PIXELS) -> Image.Image:
    if picture.problem:
        raise ValueError(picture.problem)
    if picture.content is None:
        raise ValueError("it holds no bytes")
    if isinstance(picture.content, np.ndarray):
        return Image.fromarray(picture.content)
    return open_header(picture.content, max_pixels)


def _unreadable(picture: Picture, error: Exception) -> BadPicture:
    larger = " or set a larger max_pixels" if isinstance(error, Image.DecompressionBombError) else ""
    return BadPicture(f"{picture.name} cannot be read ({reason(error)})", f"remove it{larger}{LEAVE_OUT}")


def _check_size(picture: Picture, image: Image.Image, how: Decoding) -> None:
    side = max(image.size) if how.fit == "pad" and how.crop_from is None else min(image.size)
    if side < how.image_size and not how.upscale:
        raise BadPicture(
            f"{picture.name} is {image.width}x{image.height}, smaller than image_size={how.image_size}",
            f"set upscale=true, use image_size={side} or less{LEAVE_OUT}",
        )


def _flatten(image: Image.Image, max_level: int, transparent: bool = False) -> tuple[Image.Image, int]:
    """With 8 bits a channel and, unless `transparent`, composited over white; and the largest level of 16-bit ones."""
    if image.mode == "F":
        raise ValueError("floating point levels have no agreed range; save it with 8 or 16 bits")
    if image.mode == "I" or image.mode.startswith("I;"):
        return _eight_bits(image, max_level)
    if not image.has_transparency_data:
        return image, 0
    image = image.convert("RGBA")
    if transparent:
        return image, 0
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB"), 0


def _eight_bits(image: Image.Image, max_level: int) -> tuple[Image.Image, int]:
    levels = np.asarray(image, dtype=np.int64)
    if levels.min() < 0 or levels.max() > _LEVELS_16_BIT:
        raise ValueError("levels outside 0..65535 have no agreed range; save it with 8 or 16 bits")
    scaled = (levels * 255 + max_level // 2) // max_level  # to the nearest
    return Image.fromarray(scaled.clip(0, 255).astype(np.uint8)), int(levels.max())


def _fitted(image: Image.Image, how: Decoding) -> np.ndarray:
    size = (how.image_size, how.image_size)
    if how.crop_from is not None:
        image = _bounded(image, how)
    elif image.size == size:
        pass
    elif how.fit == "pad":
        around = {"L": 255, "RGB": (255, 255, 255), "RGBa": (0, 0, 0, 0)}[image.mode]
        image = ImageOps.pad(image, size, Image.Resampling.LANCZOS, color=around)
    elif how.fit == "stretch":
        image = image.resize(size, Image.Resampling.LANCZOS)
    else:
        image = ImageOps.fit(image, size, Image.Resampling.LANCZOS)
    levels = np.asarray(image)
    if image.mode == "RGBa":  # where resizing rang, a colour may lie above its alpha
        return np.minimum(levels, levels[..., 3:])
    return levels[..., None] if levels.ndim == 2 else levels


def _bounded(image: Image.Image, how: Decoding) -> Image.Image:
    """Of its own shape, its shorter side at most `crop_from` and at least `image_size`."""
    shorter = min(image.size)
    wanted = min(max(shorter, how.image_size), how.crop_from)
    if wanted == shorter:
        return image
    size = tuple(max(wanted, round(side * wanted / shorter)) for side in image.size)
    return image.resize(size, Image.Resampling.LANCZOS)


def _enlarge(image: Image.Image, how: Decoding) -> np.ndarray:
    """Smooth resize in floating point, so that 17 grey levels do not become steps."""
    size = how.crop_from or how.image_size
    levels = np.asarray(image.resize((size, size), Image.Resampling.BICUBIC))
    levels = np.rint(levels.clip(0, 255)).astype(np.uint8)
    image = np.repeat(levels[..., None], how.image_channels, axis=2)
    image[..., 3:] = 255  # opaque
    return image
