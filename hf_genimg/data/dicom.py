"""DICOM files as pictures: pixels in the window that the file asks for, and nothing of the patient."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageFile

DICOM_EXTENSIONS = (".dcm", ".dicom")
_MARK, _MARK_AT = b"DICM", 128
_GREY = ("MONOCHROME1", "MONOCHROME2")
_COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "PALETTE COLOR")
_DEFLATED = b"1.2.840.10008.1.2.1.99"  # the transfer syntax whose data may unpack to any size
_META_BYTES = 4096  # the transfer syntax is named in the first ones
# All that is read of a file. Names, dates, identifiers and private tags are never parsed, so no message, no
# warning and no file can hold them.
_TAGS = (
    *("SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames", "Rows", "Columns"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelData"),
    *("WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence"),
    *("RescaleSlope", "RescaleIntercept", "ModalityLUTSequence", "LUTDescriptor", "LUTData"),
    *(f"{color}PaletteColorLookupTable{part}" for color in ("Red", "Green", "Blue") for part in ("Descriptor", "Data")),
    *(f"Segmented{color}PaletteColorLookupTableData" for color in ("Red", "Green", "Blue")),
)
_reading = Lock()  # warnings are silenced for the whole process


def is_dicom(content: Path | bytes) -> bool:
    """Whether bytes have the mark of DICOM, or a file its extension."""
    if isinstance(content, bytes):
        return content[_MARK_AT : _MARK_AT + len(_MARK)] == _MARK
    return content.suffix.lower() in DICOM_EXTENSIONS


class DicomImage(ImageFile.ImageFile):
    """A DICOM file with one frame, as Pillow opens files: the header at once, the pixels when they are needed.

    Mode L (MONOCHROME1 inverted, so that larger is whiter) or RGB, with 8 bits a channel. Levels are rescaled
    (RescaleSlope, RescaleIntercept, or the modality LUT), then taken through the first window (WindowCenter,
    WindowWidth), else the first VOI LUT, else all levels that BitsStored can hold.

    Raises:
        ImportError: pydicom is not installed.
        ValueError, and whatever `faults.read_errors` lists: the file holds no frame or several, or is damaged.

    Source: DICOM PS3.3, C.7.6.3 (pixels), C.11.1 (modality LUT) and C.11.2 (window, VOI LUT).
    """

    format = "DICOM"
    format_description = "DICOM"

    def _open(self) -> None:
        header = _read(self.fp, self.filename, pixels=False)
        if not header.get("Rows") or not header.get("Columns"):
            raise ValueError("it is a DICOM file without a picture")
        if (frames := int(header.get("NumberOfFrames") or 1)) != 1:
            raise ValueError(f"it is a DICOM file of {frames} frames; save each of them as a file")
        meaning = str(header.PhotometricInterpretation)
        if meaning not in _GREY + _COLOUR:
            raise ValueError(f"its PhotometricInterpretation is not one of {', '.join(_GREY + _COLOUR)}")
        self._mode = "L" if meaning in _GREY else "RGB"
        self._size = int(header.Columns), int(header.Rows)

    def load(self) -> Any:
        """Decode the pixels, once."""
        if self._im is None:
            self.im = Image.fromarray(_levels(*_pixels(self.fp, self.filename))).im
            if self.im.mode != self.mode or self.im.size != self.size:
                raise ValueError("its pixels are not what its header says")
        return super().load()


def _read(file: BinaryIO, name: str, pixels: bool) -> Any:
    """A pydicom data set of `_TAGS` alone."""
    try:
        from pydicom import dcmread
    except ImportError:
        wanted = "is a DICOM file, which needs pydicom; pip install 'hf_genimg[medical]'"
        raise ImportError(f"{name or 'a picture'} {wanted}") from None

    file.seek(0)
    start = file.read(_META_BYTES)
    if not is_dicom(start):
        raise ValueError(f"it is no DICOM file: {_MARK.decode()} is missing at byte {_MARK_AT}")
    if _DEFLATED in start:
        raise ValueError("its data set is deflated; unpack it, for instance by `dcmconv +te`")
    file.seek(0)
    with _quietly():
        return dcmread(file, stop_before_pixels=not pixels, specific_tags=list(_TAGS))


def _pixels(file: BinaryIO, name: str) -> tuple[np.ndarray, Any]:
    """Stored values [H, W] or [H, W, 3], and the data set that they come from."""
    found = _read(file, name, pixels=True)
    from pydicom.pixels import apply_color_lut, get_decoder

    syntax = found.file_meta.TransferSyntaxUID
    if syntax.is_compressed and not get_decoder(syntax).is_available:
        raise ValueError(f"its pixels are compressed as {syntax.name}; decompress it, for instance by `gdcmconv --raw`")
    with _quietly():
        values = found.pixel_array
        if found.PhotometricInterpretation == "PALETTE COLOR":
            values = apply_color_lut(values, found)
            found.BitsStored = 8 * values.dtype.itemsize
    return values, found


@contextmanager
def _quietly() -> Iterator[None]:
    """What pydicom warns of may quote the file."""
    with _reading, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _levels(values: np.ndarray, header: Any) -> np.ndarray:
    """Stored values as uint8 levels of a picture."""
    if not 1 <= int(header.BitsStored) <= 32:
        raise ValueError(f"its BitsStored is {int(header.BitsStored)}")
    with np.errstate(all="ignore"):
        shares = _grey_shares(values, header) if values.ndim == 2 else values / (2 ** int(header.BitsStored) - 1)
    if not np.isfinite(shares).all():
        raise ValueError("its levels, rescaled and windowed, are not finite")
    if header.PhotometricInterpretation == "MONOCHROME1":
        shares = 1 - shares
    return np.rint(shares.clip(0, 1) * 255).astype(np.uint8)


def _grey_shares(values: np.ndarray, header: Any) -> np.ndarray:
    """Stored values [H, W] as float64, of which 0 to 1 are shown."""
    from pydicom.pixels import apply_voi

    values, low, high = _rescaled(values, header)
    if header.get("WindowCenter") is not None and header.get("WindowWidth") is not None:
        center, width = (float(np.ravel(header[name].value)[0]) for name in ("WindowCenter", "WindowWidth"))
        return _windowed(values, center, width, str(header.get("VOILUTFunction") or "LINEAR").upper())
    if header.get("VOILUTSequence"):
        whole = np.rint(values).astype(np.int64)
        return apply_voi(whole, header) / (2 ** int(header.VOILUTSequence[0].LUTDescriptor[2]) - 1)
    return (values - low) / (high - low)


def _rescaled(values: np.ndarray, header: Any) -> tuple[np.ndarray, float, float]:
    """Stored values after the modality LUT or slope and intercept, and the lowest and highest that there can be."""
    from pydicom.pixels import apply_modality_lut

    if header.get("ModalityLUTSequence"):
        bits = int(header.ModalityLUTSequence[0].LUTDescriptor[2])
        return apply_modality_lut(values, header).astype(np.float64), 0.0, 2.0**bits - 1
    bits = int(header.BitsStored)
    lowest = -(2.0 ** (bits - 1)) if header.PixelRepresentation else 0.0
    slope, intercept = (
        float(header.get(name) if header.get(name) is not None else default)
        for name, default in (("RescaleSlope", 1), ("RescaleIntercept", 0))
    )
    low, high = sorted(extreme * slope + intercept for extreme in (lowest, lowest + 2.0**bits - 1))
    return values * slope + intercept, low, high


def _windowed(values: np.ndarray, center: float, width: float, function: str) -> np.ndarray:
    """PS3.3, C.11.2.1.2 and C.11.2.1.3."""
    if function not in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        raise ValueError("its VOILUTFunction is not LINEAR, LINEAR_EXACT or SIGMOID")
    if width < 1 if function == "LINEAR" else width <= 0:
        raise ValueError(f"its window is {width:g} levels wide")
    if function == "SIGMOID":
        return 1 / (1 + np.exp(-4 * (values - center) / width))
    if function == "LINEAR":
        center, width = center - 0.5, width - 1
    return (values > center).astype(np.float64) if width == 0 else (values - center) / width + 0.5
