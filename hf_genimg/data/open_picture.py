"""Opening a picture file that a stranger may have made: which formats, how large, and which way up."""

from __future__ import annotations

import os
import stat
from io import BytesIO
from pathlib import Path

from PIL import Image

from ..faults import read_errors, reason
from .dicom import DICOM_EXTENSIONS, DicomImage, is_dicom

# Formats that Pillow reads by itself. Not whatever it can read: its EPS reader, for one, starts a program.
_EXTENSIONS = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png", ".apng"),
    "GIF": (".gif",),
    "BMP": (".bmp",),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "WEBP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "AVIF": (".avif", ".avifs"),
    "JPEG2000": (".jp2", ".j2k", ".jpc", ".jpf", ".jpx", ".j2c"),
    "MPO": (".mpo",),
    "DIB": (".dib",),
    "ICO": (".ico",),
    "PCX": (".pcx",),
    "QOI": (".qoi",),
    "SGI": (".sgi", ".rgb", ".rgba", ".bw"),
    "SUN": (".ras",),
    "DDS": (".dds",),
    "PSD": (".psd",),
    "TGA": (".tga", ".icb", ".vda", ".vst"),
}
_NAMELESS = ("TGA",)  # formats without a mark of their own, which are believed in files of their extensions only
PICTURE_EXTENSIONS = (
    *(extension for extensions in _EXTENSIONS.values() for extension in extensions),
    *DICOM_EXTENSIONS,
)
MAX_PIXELS = 50_000_000  # of one picture, where nobody gives another bound
_ORIENTATION = 0x0112  # the EXIF tag
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_METADATA = ("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp")  # that say which way up, once turned


def open_picture(file: str | os.PathLike[str] | bytes, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """A picture from a file or its bytes: decoded, upright, in its own mode, with its texts and without EXIF.

    Broken EXIF is ignored. Only regular files, and formats that Pillow reads by itself or DICOM, are opened.

    Args:
        max_pixels: the most that width times height may be; at most Pillow's own limit counts.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no picture, damaged or too large; one line.
        ImportError: it is a DICOM file, and pydicom is not installed.
    """
    name = "the file" if isinstance(file, bytes) else os.fspath(file)
    try:
        with open_header(file if isinstance(file, bytes) else Path(file), max_pixels) as image:
            return upright(image)
    except FileNotFoundError:
        raise FileNotFoundError(f"{name} does not exist") from None
    except read_errors() as error:
        raise ValueError(f"{name} is not a picture that can be read ({reason(error)})") from error


def open_header(content: Path | bytes, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """A picture of which only the header is read. Raises any of `faults.read_errors()`."""
    if isinstance(content, bytes):
        if not content:
            raise ValueError("it is empty")
        file = BytesIO(content)
        image = DicomImage(file) if is_dicom(content) else Image.open(file, formats=_formats(""))
    else:
        if not stat.S_ISREG(content.stat().st_mode):
            raise ValueError("it is not a regular file")
        extension = content.suffix.lower()
        image = DicomImage(content) if is_dicom(content) else Image.open(content, formats=_formats(extension))
    # Pillow only warns up to twice its limit; here the limit is one for all.
    limit = min(max_pixels, Image.MAX_IMAGE_PIXELS or max_pixels)
    if image.width * image.height > limit:
        size = f"{image.width}x{image.height}"
        image.close()
        raise Image.DecompressionBombError(f"{size} exceeds the limit of max_pixels={limit}")
    return image


def _formats(extension: str) -> list[str]:
    """Those that this Pillow has, without the ones that only their extension tells."""
    Image.init()
    return [
        name
        for name, extensions in _EXTENSIONS.items()
        if name in Image.OPEN and (name not in _NAMELESS or extension in extensions)
    ]


def orientation(image: Image.Image) -> int:
    """1 to 8, as EXIF numbers them; 1, upright, where EXIF is absent or broken."""
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except read_errors():
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def upright(image: Image.Image) -> Image.Image:
    """A decoded copy, turned as its EXIF says, without what would turn it again. Raises `faults.read_errors()`."""
    turn = _TURNS.get(orientation(image))
    found = image.copy() if turn is None else image.transpose(turn)
    for key in _METADATA:
        found.info.pop(key, None)
    return found
