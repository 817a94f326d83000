"""Seeded damage to files of every kind: what is read then is refused in one line, or read; nothing hangs or escapes."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import struct
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from hf_genimg.data import open_dataset, open_picture

from ..damage import damaged


def png(number: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.random.default_rng(number).integers(0, 256, (16, 16), np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def write_zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"{number % 2}/{number}.png", png(number))
        archive.writestr("dataset.json", json.dumps({"labels": [["0/0.png", 1], ["1/1.png", 0], ["0/2.png", 1]]}))
    return folder / "x.zip"


def write_tar(folder: Path) -> Path:
    with tarfile.open(folder / "x.tar", "w") as archive:
        for number in range(3):
            for suffix, content in (("png", png(number)), ("cls", b"1"), ("json", b'{"text": "a"}')):
                entry = tarfile.TarInfo(f"{number}.{suffix}")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return folder / "x.tar"


def write_arrays(name: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        pixels = np.zeros((3, 16, 16), np.uint8)
        if name.endswith(".npy"):
            np.save(folder / name, pixels)
        else:
            np.savez_compressed(folder / name, images=pixels, labels=np.arange(3))
        return folder / name

    return write


def write_idx(folder: Path) -> Path:
    content = struct.pack(">IIII", 2051, 3, 16, 16) + bytes(3 * 256)
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(content))
    return folder / "train-images-idx3-ubyte.gz"


def write_parquet(folder: Path) -> Path:
    cells = [{"bytes": png(number), "path": None} for number in range(3)]
    pq.write_table(
        pa.table({"image": cells, "label": ["a", "b", "a"], "text": ["x", "y", "z"]}), folder / "train.parquet"
    )
    return folder / "train.parquet"


def write_beside(name: str, content: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        for number in range(3):
            (folder / f"{number}.png").write_bytes(png(number))
        (folder / name).write_text(content)
        return folder / name

    return write


KINDS = {
    "zip": write_zip,
    "tar": write_tar,
    "npy": write_arrays("x.npy"),
    "npz": write_arrays("x.npz"),
    "idx": write_idx,
    "parquet": write_parquet,
    "csv": write_beside("metadata.csv", "file_name,label,text\n" + "".join(f"{n}.png,{n},t{n}\n" for n in range(3))),
    "jsonl": write_beside(
        "metadata.jsonl", "".join(f'{{"file_name": "{n}.png", "label": {n}, "text": "t"}}\n' for n in range(3))
    ),
    "json": write_beside("dataset.json", json.dumps({"labels": [[f"{n}.png", n] for n in range(3)]})),
}
OF_FOLDERS = ("idx", "parquet", "csv", "jsonl", "json")  # whose DATA is the folder around the file


def survive(kind: str, folder: Path, count: int) -> int:
    """How many of `count` damaged files are refused; any other error than one line fails the test."""
    (folder / "data").mkdir()
    file = KINDS[kind](folder / "data")
    source = folder / "data" if kind in OF_FOLDERS else file
    whole, refused = file.read_bytes(), 0
    for seed in range(count):
        file.write_bytes(damaged(whole, np.random.default_rng((seed, len(kind)))))
        wanted = {
            "labels": bool(seed % 2),
            "captions": seed % 3 == 0 and kind not in ("zip", "npy", "npz", "idx", "json"),
        }
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                open_dataset(source, image_size=8, skip_bad=bool(seed % 5), progress=False, **wanted)
        except (ValueError, FileNotFoundError) as error:
            refused += 1
            assert "\n" not in str(error) and str(error), f"seed {seed}"
    return refused


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    assert survive(kind, tmp_path, 30) > 3


@pytest.mark.slow  # minutes
@pytest.mark.parametrize("kind", KINDS)
def test_very_many_damaged_files(kind: str, tmp_path: Path) -> None:
    assert survive(kind, tmp_path, 1500) > 100


FORMATS = (
    "JPEG",
    "PNG",
    "GIF",
    "BMP",
    "PPM",
    "WEBP",
    "TIFF",
    "AVIF",
    "JPEG2000",
    "ICO",
    "PCX",
    "QOI",
    "SGI",
    "DDS",
    "TGA",
)


@pytest.mark.parametrize("kind", FORMATS)
def test_damaged_pictures_are_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    stream = io.BytesIO()
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 24, 3), np.uint8))
    picture.save(stream, kind, **({"exif": Image.Exif().tobytes()} if kind in ("JPEG", "WEBP") else {}))
    path = tmp_path / f"x.{kind.lower()}"
    bad = 0
    for seed in range(60):
        path.write_bytes(damaged(stream.getvalue(), np.random.default_rng(seed)))
        try:
            open_picture(path, max_pixels=1_000_000)
        except ValueError as error:
            bad += 1
            assert str(error).startswith(f"{path} is not a picture that can be read (") and "\n" not in str(error)
    assert bad > 5


def test_a_saved_dataset_that_is_damaged_is_refused_in_one_line(tmp_path: Path) -> None:
    import datasets

    cells = [{"bytes": png(number), "path": None} for number in range(3)]
    datasets.Dataset.from_dict({"image": cells, "label": [0, 1, 1]}).save_to_disk(tmp_path / "whole")
    refused = 0
    for name in ("state.json", "dataset_info.json", "data-00000-of-00001.arrow"):
        for seed in range(6):
            shutil.rmtree(tmp_path / "x", ignore_errors=True)
            shutil.copytree(tmp_path / "whole", tmp_path / "x")
            file = tmp_path / "x" / name
            file.write_bytes(damaged(file.read_bytes(), np.random.default_rng(seed)))
            try:
                open_dataset(tmp_path / "x", image_size=8, progress=False, skip_bad=True)
            except (ValueError, FileNotFoundError) as error:
                refused += 1
                assert "\n" not in str(error)
    assert refused > 5
