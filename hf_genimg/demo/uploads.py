"""What is done with a visitor's pictures: read with care, kept nowhere, reconstructed, translated, named."""

from __future__ import annotations

import os
import warnings
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from ..data.dicom import DicomImage, is_dicom
from ..faults import read_errors
from ..pipelines.images import as_float, convert, prepare, prepare_each
from ..pipelines.interpolation import slerp
from .explore import shift, strengths_of
from .handlers import complete, sign
from .models import Shared
from .settings import label_of

# Not whatever Pillow can read: its EPS reader, for one, starts a program on the contents.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF")
HEIC = "HEIF"  # Pillow's name of it, once pillow-heif (the extra `heic`) has registered its reader
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")  # bytes 8 to 12 of such files
DICOM_START = 132  # bytes, of which the last four say that it is DICOM
MOST_BYTES, MOST_UPLOAD_PIXELS = 12 * 2**20, 30_000_000
MOST_TRANSLATED = 2**21  # pixels of a translation
SHOWN = 384  # pixels a side at least, of pictures that are compared


@cache
def formats() -> tuple[str, ...]:
    """Pillow's names of the formats that are read: HEIC, the photographs of phones, where pillow-heif is installed."""
    if find_spec("pillow_heif") is None:
        return FORMATS
    from pillow_heif import register_heif_opener

    register_heif_opener(thumbnails=False)
    return (*FORMATS, HEIC)


def advice() -> str:
    """What may be given."""
    *others, last = ("HEIC" if name == HEIC else name for name in formats())
    others += ["DICOM"] if reads_dicom() else []
    return f"give a {', '.join(others)} or {last} of at most 12 MB and 30 million pixels"


def read_upload(path: str | os.PathLike[str] | bytes) -> Image.Image:
    """A picture from a file or its contents, upright, of mode L, RGB or RGBA. Its header is looked at before anything
    is decoded.

    Raises:
        ValueError: it is too large, damaged, or no picture: one line that says what may be given.
    """
    try:
        if (len(path) if isinstance(path, bytes) else Path(path).stat().st_size) > MOST_BYTES:
            raise ValueError("the file is too large")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a bomb (we are stricter), and of oddities in its metadata
            with _opened(path) as image:
                if image.width * image.height > MOST_UPLOAD_PIXELS:
                    raise ValueError(f"it has {image.width}x{image.height} pixels")
                image.draft("RGB", (2048, 2048))  # JPEG decodes large pictures smaller, and so faster
                return _plain(_upright(image))
    except FileNotFoundError:
        raise ValueError("this picture is not kept any more; upload it again") from None
    except ValueError as error:
        raise ValueError(f"this picture cannot be used ({error}); {advice()}") from None
    except read_errors():
        if HEIC not in formats() and _is_heic(path):
            raise ValueError(f"HEIC pictures need pillow-heif, which this page does not have; {advice()}") from None
        raise ValueError(f"this file cannot be read as a picture; {advice()}") from None


def reads_dicom() -> bool:
    """Whether DICOM files can be read: pydicom, the extra `medical`, is installed."""
    return find_spec("pydicom") is not None


def read_dicom(path: str | os.PathLike[str]) -> Image.Image:
    """A picture from a DICOM file, in the window that it asks for; the file is deleted, for it may name a patient.

    Raises `ValueError` as `read_upload`.
    """
    try:
        return read_upload(path)
    finally:
        Path(path).unlink(missing_ok=True)


def _opened(path: str | os.PathLike[str] | bytes) -> Image.Image:
    """The picture in a file or its contents, of which the header is read."""
    if not isinstance(path, bytes):
        with Path(path).open("rb") as file:
            start = file.read(DICOM_START)
    else:
        start = path[:DICOM_START]
    content: Any = BytesIO(path) if isinstance(path, bytes) else path
    if reads_dicom() and is_dicom(start):
        return DicomImage(content)
    return Image.open(content, formats=formats())


def _is_heic(path: str | os.PathLike[str] | bytes) -> bool:
    if not isinstance(path, bytes):
        with Path(path).open("rb") as file:
            path = file.read(12)
    return path[4:8] == b"ftyp" and path[8:12] in HEIC_BRANDS


def _upright(image: Image.Image) -> Image.Image:
    """As its metadata say, and without them; as it is where they are damaged."""
    with suppress(Exception):  # whatever Pillow's readers make of damage; that of pixels shows when they are decoded
        image = ImageOps.exif_transpose(image)
    for name in ("exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif"):
        image.info.pop(name, None)
    return image


def _plain(image: Image.Image) -> Image.Image:
    if image.mode in ("L", "RGB", "RGBA", "I") or image.mode.startswith("I;"):
        return image.copy()  # `prepare` knows what to do with 16 bits a level
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def strokes(layers: list[bytes | str | os.PathLike[str] | None]) -> Image.Image | None:
    """What was drawn on transparent layers of one size, RGBA, the last one on top; None where nothing was. Raises as
    `read_upload`.
    """
    drawn: Image.Image | None = None
    for layer in layers:
        picture = read_upload(layer) if layer else None
        if picture is not None and picture.mode == "RGBA" and picture.getchannel("A").getbbox():
            other_size = drawn is None or drawn.size != picture.size
            drawn = picture if other_size else Image.alpha_composite(drawn, picture)
    return drawn


def painted(layers: list[bytes | str | os.PathLike[str] | None]) -> Image.Image | None:
    """A mask, white where any layer was painted on; None where nothing was. Raises as `read_upload`."""
    drawn = strokes(layers)
    return None if drawn is None else drawn.getchannel("A").point(lambda level: 255 if level > 127 else 0)


def canvas(model: Shared, picture: Image.Image | None) -> Image.Image | None:
    """What is painted on: a picture as the model sees it, large."""
    return None if picture is None else enlarged(convert_for(model, picture))


def seen(model: Shared, picture: Image.Image, channels: int | None = None) -> Image.Image:
    """What the model sees of a picture: the centre square, resized, in its colours."""
    able = model.capabilities
    return convert(prepare(picture, able.image_size, channels or able.image_channels), "pil")[0]


def convert_for(model: Shared, picture: Image.Image) -> Image.Image:
    """A picture as a translator sees it: all of it, made smaller where its translation would be too large for a page;
    the centre square for a translator of one size.
    """
    able = model.capabilities
    if not able.any_size:
        return seen(model, picture, able.input_channels)
    factor = (picture.width * picture.height * (able.scale or 1) ** 2 / MOST_TRANSLATED) ** 0.5
    size = [max(1, int(side / max(1.0, factor))) for side in picture.size]
    if picture.mode in ("L", "RGB", "RGBA"):  # pictures of 16 bits a level have 8 only when they were prepared
        picture = picture if factor <= 1 else picture.resize(size, Image.Resampling.BOX)
    image = convert(as_float(prepare_each(picture, able.input_channels)[0]), "pil")[0]
    return image if list(image.size) == size else image.resize(size, Image.Resampling.BOX)


def enlarged(image: Image.Image) -> Image.Image:
    """By a whole factor, so that it can be looked at; with what it carries."""
    factor = max(1, -(-SHOWN // image.width))
    large = image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    large.info.update(image.info)
    return large


def reconstruct(
    model: Shared,
    picture: Image.Image | None,
    amounts: list[float],
    other: Image.Image | None = None,
    between: float = 0.0,
) -> tuple[Image.Image, Image.Image]:
    """What the model saw, and what it made of it: encoded, moved towards another picture and along directions, and
    decoded.
    """
    _require(model, model.capabilities.encode, "reconstructs no pictures")
    picture = _given(picture)
    if not 0 <= between <= 1:
        raise ValueError(f"between={between} is not possible; give a number from 0 to 1")
    with model.lock:
        latents = model.pipe.encode(picture).float().cpu()
        if other is not None and between:
            latents = slerp(latents, model.pipe.encode(other).float().cpu(), between)
        if any(amounts):
            latents = model.pipe.edit(shift(model, latents, amounts), strengths_of(model, amounts))
        images = model.pipe.decode(latents)
    own: dict[str, Any] = {
        "reconstructed": True,
        "amounts": amounts if any(amounts) else None,
        "between": between or None,
    }
    made = sign(model, images, [{name: value for name, value in own.items() if value is not None}])[0]
    return enlarged(seen(model, picture)), enlarged(made)


def translate(model: Shared, picture: Image.Image | None, *given: Any, **named: Any) -> tuple[Image.Image, Image.Image]:
    """What `translated` returns, enlarged to one size, so that they can be laid over each other."""
    picture, after = translated(model, picture, *given, **named)
    return enlarged(picture.resize(after.size, Image.Resampling.NEAREST)), enlarged(after)


def translated(
    model: Shared,
    picture: Image.Image | None,
    mask: Image.Image | None = None,
    style: Image.Image | None = None,
    strength: float = 1.0,
    reverse: bool = False,
    seed: int = 0,
    label: int | str | None = None,
) -> tuple[Image.Image, Image.Image]:
    """What the model saw, and its translation, as the model made it."""
    able = model.capabilities
    _require(model, able.task == "translation", "translates no pictures")
    picture = convert_for(model, _given(picture))
    if mask is not None and not able.mask:
        raise ValueError(f"{model.name} takes no mask, for it fills nothing in; leave it out")
    if mask is None and able.mask:
        raise ValueError("there is no mask yet; paint over what is to be filled in, or upload one")
    if style is not None and not able.style:
        raise ValueError(f"{model.name} takes no style; leave it out")
    if style is None and able.style:
        raise ValueError("there is no style yet; upload a picture that has it")
    if reverse and not able.reverse:
        raise ValueError(f"{model.name} translates in one direction only; leave reverse out")
    number = label_of(model, label)
    if number is not None and number >= able.num_classes:
        raise ValueError(f"label={number} is no class of {model.name}, which has {able.num_classes}; leave it out")
    given: dict[str, Any] = {"mask": mask, "style": style, "strength": strength if able.strength else None}
    given |= {"seed": seed if able.latents else None, "class_labels": (number or 0) if able.num_classes else None}
    given = {name: value for name, value in given.items() if value is not None}
    with model.lock:
        made = model.pipe(picture, **given, **({"reverse": True} if reverse else {})).images
    return picture, complete(made)[0]


def classify(model: Shared, picture: Image.Image | None, top: int = 3) -> dict[str, float]:
    """The likeliest classes and their probabilities, best first."""
    _require(model, model.capabilities.task == "classification", "is no classifier")
    if isinstance(top, bool) or not isinstance(top, int) or not 1 <= top <= 100:
        raise ValueError(f"top={top!r:.40} is not possible; give an integer from 1 to 100")
    with model.lock:
        found = model.pipe(_given(picture), top)
    return dict(zip(found.names[0], found.probabilities[0], strict=True))


def _given(picture: Image.Image | None) -> Image.Image:
    if picture is None:
        raise ValueError("there is no picture yet; upload one or choose an example")
    return picture


def _require(model: Shared, able: bool, lack: str) -> None:
    if not able:
        raise ValueError(f"{model.name} {lack}; choose another model")
