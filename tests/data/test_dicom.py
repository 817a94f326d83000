"""DICOM files as data: levels against pydicom's own, what is refused, and that nothing of a patient is kept."""

from __future__ import annotations

import io
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import hf_genimg
from hf_genimg.cli import app
from hf_genimg.data import describe_pictures, open_dataset, open_picture

from ..damage import damaged

pytest.importorskip("pydicom", reason="needs the extra medical")
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_modality_lut, apply_windowing
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    SecondaryCaptureImageStorage,
)

SECRETS = ("Zebedee^Quillfeather", "PID-77731", "19310523", "Dr^Oxenbridge", "Saint Wulfric Hospital")


def header(values: np.ndarray, **tags: Any) -> Dataset:
    """A data set of stored values [H, W] or [H, W, 3] with a patient in it; tags: what is otherwise."""
    found = Dataset()
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.file_meta.MediaStorageSOPClassUID = found.SOPClassUID = SecondaryCaptureImageStorage
    found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID = "1.2.3.4.77731"
    found.PatientName, found.PatientID, found.PatientBirthDate = SECRETS[:3]
    found.ReferringPhysicianName, found.InstitutionName = SECRETS[3:]
    found.add_new((0x0009, 0x0010), "LO", SECRETS[4])
    found.Rows, found.Columns = values.shape[:2]
    found.SamplesPerPixel = 3 if values.ndim == 3 else 1
    found.PhotometricInterpretation = "RGB" if values.ndim == 3 else "MONOCHROME2"
    if values.ndim == 3:
        found.PlanarConfiguration = 0
    found.BitsAllocated = 8 * values.dtype.itemsize
    found.BitsStored = 8 if values.dtype.itemsize == 1 else 12
    found.HighBit = found.BitsStored - 1
    found.PixelRepresentation = int(values.dtype.kind == "i")
    found.PixelData = values.tobytes() + b"\0" * (values.nbytes % 2)
    for name, value in tags.items():
        setattr(found, name, value)
    return found


def encoded(values: np.ndarray, syntax: str | None = None, **tags: Any) -> bytes:
    found = header(values, **tags)
    if syntax is not None:
        found.file_meta.TransferSyntaxUID = syntax
    stream = io.BytesIO()
    found.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def ramp(dtype: type = np.uint16) -> np.ndarray:
    low = -2048 if np.dtype(dtype).kind == "i" else 0
    return (np.arange(256).reshape(16, 16) * 16 + low).astype(dtype)


def read(values: np.ndarray, **tags: Any) -> np.ndarray:
    return np.asarray(open_picture(encoded(values, **tags)))


def nearest(shares: np.ndarray) -> np.ndarray:
    return np.rint(shares.clip(0, 1) * 255).astype(np.uint8)


def test_without_a_window_all_stored_levels_are_shown() -> None:
    assert np.array_equal(read(ramp()), nearest(ramp() / 4095))
    assert np.array_equal(read(ramp(np.int16)), nearest((ramp(np.int16) + 2048) / 4095))
    assert np.array_equal(read(np.arange(256, dtype=np.uint8).reshape(16, 16)), np.arange(256).reshape(16, 16))


def test_monochrome1_is_inverted() -> None:
    assert np.array_equal(read(ramp(), PhotometricInterpretation="MONOCHROME1"), 255 - read(ramp()))


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize("dtype", [np.uint16, np.int16])
def test_windows_and_rescaling_are_pydicoms(function: str, dtype: type) -> None:
    tags = {"RescaleSlope": 2, "RescaleIntercept": -1024, "VOILUTFunction": function}
    tags |= {"WindowCenter": [40, 600], "WindowWidth": [1400, 50]}
    known = header(ramp(dtype), **tags)
    wanted = apply_windowing(apply_modality_lut(ramp(dtype), known), known)
    low, high = (extreme * 2 - 1024 for extreme in ((0, 4095) if dtype is np.uint16 else (-2048, 2047)))
    assert np.array_equal(read(ramp(dtype), **tags), nearest((wanted - low) / (high - low)))


def test_rescaling_by_a_negative_slope_turns_the_levels_round() -> None:
    assert np.array_equal(read(ramp(), RescaleSlope=-1, RescaleIntercept=0), nearest(1 - ramp() / 4095))


def table(levels: np.ndarray) -> Sequence:
    item = Dataset()
    item.add_new((0x0028, 0x3002), "US", [len(levels), 0, 8])
    item.add_new((0x0028, 0x3006), "US", levels.astype(np.uint16).tolist())
    return Sequence([item])


@pytest.mark.parametrize("name", ["ModalityLUTSequence", "VOILUTSequence"])
def test_lookup_tables_are_applied(name: str) -> None:
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    levels = np.random.default_rng(0).permutation(256)
    assert np.array_equal(read(values, **{name: table(levels)}), levels[values])


def test_colour_and_compressed_pixels() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    assert np.array_equal(read(colours), colours)
    grey, stream = colours[..., 0], io.BytesIO()
    Image.fromarray(grey).save(stream, "JPEG2000", irreversible=False, no_jp2=True)
    found = open_picture(encoded(grey, JPEG2000Lossless, PixelData=encapsulate([stream.getvalue()])))
    assert np.array_equal(np.asarray(found), grey)


REFUSED = {
    "3 frames": {"NumberOfFrames": 3},
    "without a picture": {"Rows": None},
    "PhotometricInterpretation": {"PhotometricInterpretation": "HSV"},
    "0 levels wide": {"WindowCenter": 10, "WindowWidth": 0},
    "VOILUTFunction": {"WindowCenter": 10, "WindowWidth": 5, "VOILUTFunction": "CUBIC"},
    "not finite": {"RescaleSlope": 0, "RescaleIntercept": 0},
    "compressed as JPEG Lossless": {"syntax": JPEGLosslessSV1, "PixelData": encapsulate([b"\0\0"])},
    "deflated": {"syntax": DeflatedExplicitVRLittleEndian},
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_is_no_single_picture_is_refused_in_one_line(why: str, tmp_path: Path) -> None:
    (tmp_path / "x.dcm").write_bytes(encoded(ramp(), **REFUSED[why]))
    with pytest.raises(ValueError, match=f"x.dcm is not a picture that can be read .*{why}") as error:
        open_picture(tmp_path / "x.dcm")
    assert "\n" not in str(error.value)


def test_the_limit_of_pixels_holds_before_anything_is_decoded() -> None:
    with pytest.raises(ValueError, match="65000x65000 exceeds the limit of max_pixels"):
        open_picture(encoded(ramp(), Rows=65000, Columns=65000))


def test_another_file_with_the_extension_is_refused(save: Any, tmp_path: Path) -> None:
    save("x.png", 10).rename(tmp_path / "x.dcm")
    with pytest.raises(ValueError, match="it is no DICOM file: DICM is missing at byte 128"):
        open_picture(tmp_path / "x.dcm")


def write_set(folder: Path, count: int = 4) -> Path:
    for number in range(count):
        path = folder / ("sick" if number % 2 else "well") / f"{number}.dcm"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(np.random.default_rng(number).integers(0, 4096, (16, 16)).astype(np.uint16)))
    return folder


def test_folders_and_zips_of_dicom_are_data(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "scans")
    with zipfile.ZipFile(tmp_path / "scans.zip", "w") as archive:
        for file in sorted(folder.rglob("*.dcm")):
            archive.write(file, file.relative_to(folder))
    assert describe_pictures(folder)[:3] == (4, 1, [16] * 4)
    one, other = (
        open_dataset(source, image_size=16, labels=True, progress=False) for source in (folder, tmp_path / "scans.zip")
    )
    assert one.class_names == other.class_names == ("sick", "well") and one.image_channels == 1
    assert np.array_equal(one.images, other.images) and np.array_equal(one.labels, other.labels)
    values = np.random.default_rng(1).integers(0, 4096, (16, 16)).astype(np.uint16)
    assert np.array_equal(one.images[0, ..., 0], nearest(values / 4095))


def test_a_damaged_file_is_named_or_left_out(tmp_path: Path) -> None:
    folder = write_set(tmp_path)
    file = folder / "sick" / "1.dcm"
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(ValueError, match=r"1\.dcm cannot be read \(.*\); remove it, or set skip_bad=true") as error:
        open_dataset(folder, image_size=8, progress=False)
    assert "\n" not in str(error.value)
    with pytest.warns(UserWarning, match="1 of 4 pictures .* were left out"):
        assert len(open_dataset(folder, image_size=8, skip_bad=True, progress=False)) == 3


def test_damaged_dicom_is_refused_in_one_line(tmp_path: Path) -> None:
    whole = encoded(ramp(), WindowCenter=40, WindowWidth=400, VOILUTSequence=table(np.arange(16)))
    path, bad = tmp_path / "x.dcm", 0
    for seed in range(80):
        path.write_bytes(damaged(whole, np.random.default_rng(seed)))
        try:
            open_picture(path, max_pixels=1_000_000)
        except ValueError as error:
            bad += 1
            assert str(error).startswith(f"{path} is not a picture that can be read (") and "\n" not in str(error)
    assert bad > 20


def test_without_pydicom_one_line_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_set(tmp_path)
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(ImportError, match=r"0\.dcm is a DICOM file, .* pip install 'hf_genimg\[medical\]'") as error:
        open_dataset(folder / "well", image_size=8, progress=False)
    assert "\n" not in str(error.value)


def holders(folder: Path) -> list[Path]:
    """The files below a folder that hold anything of the patient, in any of the usual encodings."""
    secrets = [secret.encode(code) for secret in SECRETS for code in ("utf-8", "utf-16-le")]
    files = [file for file in folder.rglob("*") if file.is_file()]
    return [file for file in files if any(secret in file.read_bytes() for secret in secrets)]


def test_a_run_and_the_cache_hold_nothing_of_the_patient(
    tmp_path: Path, cache_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Pixels are kept; names, numbers and dates are in none of the files that training and its commands write."""
    scans = write_set(tmp_path / "scans")
    (scans / "sick" / "9.dcm").write_bytes(encoded(ramp())[:-9])
    assert len(holders(scans)) == 5  # the search finds what there is
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fields = {"images": 8, "batch_size": 4, "snapshot_images": 8, "evaluate_images": 8, "skip_bad": True}
        hf_genimg.train("mlp_vae", tmp_path / "run", data=str(scans), image_size=16, **fields)
    command = ["reconstruct", str(tmp_path / "run"), str(scans / "well" / "0.dcm"), "--out", str(tmp_path / "run/made")]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert list((tmp_path / "run").rglob("state/*/*")) and list((tmp_path / "run/made").glob("*.png"))
    assert list(cache_folder.rglob("images.npy"))
    assert holders(tmp_path / "run") == holders(cache_folder) == []
    printed = "".join(capfd.readouterr()) + " ".join(str(each.message) for each in caught)
    assert "were left out" in printed and not any(secret in printed for secret in SECRETS)
