"""One picture to one uint8 array: orientation, transparency, depth, colour, crop and size."""

from __future__ import annotations

import struct
import zlib
from contextlib import closing, suppress
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from .source import Picture, Source

# What Pillow's readers raise on damaged files, found by fuzzing them; the two bomb guards are the reader's own limit on
# pixels.
_READ_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    TypeError,
    LookupError,
    OverflowError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
# Not whatever Pillow can read: its EPS reader, for one, starts a program on the contents.
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "PPM", "WEBP", "TIFF")
_GREY_MODES = ("1", "L", "LA", "La", "I", "F")
_PICTURES_LOOKED_AT = 32
_ORIENTATION = 0x0112  # the EXIF tag
LEAVE_OUT = ", or set skip_bad=true to leave such pictures out"


class BadPicture(ValueError):
    """A picture that cannot be used; `fact` names it and says why, the message (one line) also what to do."""

    def __init__(self, fact: str, advice: str) -> None:
        super().__init__(f"{fact}; {advice}")
        self.fact, self.advice = fact, advice


@dataclass(frozen=True)
class Decoding:
    """How pictures become [image_size, image_size, image_channels]; `upscale` allows smaller ones, `skip_bad` leaves
    bad ones out.
    """

    image_size: int
    image_channels: int
    upscale: bool = False
    skip_bad: bool = False


def decode(picture: Picture, how: Decoding) -> np.ndarray:
    """The centre square of a picture, resized with antialiasing: uint8 [image_size, image_size, image_channels].

    Raises:
        BadPicture: it cannot be read, or a side is smaller than `image_size` and `upscale` is off.
    """
    if isinstance(picture.content, Image.Image):
        return _enlarge(_half(picture, picture.content), how)
    try:
        with _open(picture) as image:
            image = _half(picture, ImageOps.exif_transpose(image))
            _check_size(picture, image, how)
            image = _flatten(image).convert("L" if how.image_channels == 1 else "RGB")
    except BadPicture:
        raise
    except _READ_ERRORS as error:
        raise _unreadable(picture, error) from error
    return _square(image, how.image_size)


def detect_channels(source: Source) -> int:
    """1 when the first 32 pictures are all of a grey mode, else 3. Unreadable ones have no say; only headers are read."""
    with closing(source.pictures()) as pictures:
        for picture in islice(pictures, _PICTURES_LOOKED_AT):
            if not _seems_grey(picture):
                return 3
    return 1


def _seems_grey(picture: Picture) -> bool:
    if isinstance(picture.content, Image.Image):
        return True
    try:
        with _open(picture) as image:
            return image.mode.split(";")[0] in _GREY_MODES
    except _READ_ERRORS:
        return True  # `decode` will report it


def detect_sizes(source: Source) -> list[int]:
    """The shorter sides of the first 32 pictures; empty where they may have any size. Only headers are read."""
    sizes = []
    with closing(source.pictures()) as pictures:
        for picture in islice(pictures, _PICTURES_LOOKED_AT):
            if not isinstance(picture.content, Image.Image):
                with suppress(*_READ_ERRORS), _open(picture) as image:
                    sizes.append(min(image.size))
    return sizes


def seems_doubled(source: Source) -> bool:
    """Whether the first 32 pictures are all twice as wide as high. Unreadable ones have no say; only headers are read."""
    with closing(source.pictures()) as pictures:
        sizes = [size for size in map(_size, islice(pictures, _PICTURES_LOOKED_AT)) if size]
    return bool(sizes) and all(width == 2 * height for width, height in sizes)


def _size(picture: Picture) -> tuple[int, int] | None:
    if isinstance(picture.content, Image.Image):
        return picture.content.size
    try:
        with _open(picture) as image:
            turned = image.getexif().get(_ORIENTATION, 1) > 4  # 5 to 8 lie on their side
            return image.size[::-1] if turned else image.size
    except _READ_ERRORS:
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


def _open(picture: Picture) -> Image.Image:
    if picture.content is None:
        raise ValueError("it holds no bytes")
    image = Image.open(
        picture.content if isinstance(picture.content, Path) else BytesIO(picture.content), formats=_FORMATS
    )
    # Pillow only warns up to twice its limit; here the limit is one for all.
    if Image.MAX_IMAGE_PIXELS is not None and image.width * image.height > Image.MAX_IMAGE_PIXELS:
        image.close()
        raise Image.DecompressionBombError(
            f"{image.width}x{image.height} exceeds the safe limit of {Image.MAX_IMAGE_PIXELS} pixels"
        )
    return image


def _unreadable(picture: Picture, error: Exception) -> BadPicture:
    # The text of an unidentified one is the address of a buffer.
    reason = (
        "not a picture"
        if isinstance(error, Image.UnidentifiedImageError)
        else " ".join(str(error).split()) or type(error).__name__
    )
    return BadPicture(f"{picture.name} cannot be read ({reason})", f"remove it{LEAVE_OUT}")


def _check_size(picture: Picture, image: Image.Image, how: Decoding) -> None:
    if min(image.size) < how.image_size and not how.upscale:
        raise BadPicture(
            f"{picture.name} is {image.width}x{image.height}, smaller than image_size={how.image_size}",
            f"set upscale=true, use image_size={min(image.size)} or less{LEAVE_OUT}",
        )


def _flatten(image: Image.Image) -> Image.Image:
    """Without transparency (composited over white) and with 8 bits a channel."""
    if image.mode == "F":
        raise ValueError("floating point levels have no agreed range; save it with 8 or 16 bits")
    if image.mode == "I" or image.mode.startswith("I;"):
        return _eight_bits(image)
    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    levels = np.asarray(image, dtype=np.int64)
    if levels.min() < 0 or levels.max() > 65535:
        raise ValueError("levels outside 0..65535 have no agreed range; save it with 8 or 16 bits")
    return Image.fromarray(((levels + 128) // 257).astype(np.uint8))  # 65535 = 255 * 257: rounds to the nearest


def _square(image: Image.Image, size: int) -> np.ndarray:
    if image.size != (size, size):
        image = ImageOps.fit(image, (size, size), Image.Resampling.LANCZOS)
    levels = np.asarray(image)
    return levels[..., None] if levels.ndim == 2 else levels


def _enlarge(image: Image.Image, how: Decoding) -> np.ndarray:
    """Smooth resize in floating point, so that 17 grey levels do not become steps."""
    size = how.image_size
    levels = np.asarray(image.resize((size, size), Image.Resampling.BICUBIC))
    levels = np.rint(levels.clip(0, 255)).astype(np.uint8)
    return np.repeat(levels[..., None], how.image_channels, axis=2)
