"""Zip files are read as the folders they would unpack to."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hf_genimg.data import available_splits, containers, open_dataset

NAMES = ["cats/1.png", "cats/2.png", "dogs/1.png", "dogs/2.png"]


def picture(level: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (16, 16), level).save(file, "PNG")
    return file.getvalue()


def pack(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return path


def opened(path: Path | str, **options: object):
    return open_dataset(path, image_size=16, progress=False, **options)


@pytest.mark.parametrize("top", ["", "photos/", "a/b/"])
def test_a_zip_is_the_folder_it_unpacks_to(tmp_path, top):
    members = {top + name: picture(20 * n) for n, name in enumerate(NAMES)}
    packed = pack(
        tmp_path / "pets.zip", {**members, f"{top}notes.txt": b"x", "__MACOSX/._1.png": b"x", f"{top}.hidden.png": b"x"}
    )
    with zipfile.ZipFile(pack(tmp_path / "plain.zip", {name: members[top + name] for name in NAMES})) as plain:
        plain.extractall(tmp_path / "folder")
    there, here = opened(packed, labels=True), opened(tmp_path / "folder", labels=True)
    assert np.array_equal(there.images, here.images)
    assert there.labels.tolist() == here.labels.tolist() == [0, 0, 1, 1]
    assert there.class_names == here.class_names == ("cats", "dogs")


def test_splits_in_a_zip(tmp_path):
    members = {f"set/{split}/{name}": picture(9 * n) for split in ("train", "test") for n, name in enumerate(NAMES)}
    packed = pack(tmp_path / "pets.zip", members)
    assert available_splits(packed) == ["train", "test"]
    assert (opened(f"{packed}@test").split, len(opened(f"{packed}@test"))) == ("test", 4)


def test_the_second_start_decodes_nothing_and_another_content_does(tmp_path, monkeypatch):
    packed = pack(tmp_path / "pets.zip", {name: picture(3 * n) for n, name in enumerate(NAMES)})
    first = opened(packed, image_channels=1)
    monkeypatch.setattr(containers.Zip, "_bytes", lambda *_: pytest.fail("decoded again"))
    assert opened(packed, image_channels=1).fingerprint == first.fingerprint
    monkeypatch.undo()
    pack(packed, {name: picture(5 * n) for n, name in enumerate(NAMES)})
    assert opened(packed, image_channels=1).fingerprint != first.fingerprint


def test_one_bad_picture_is_named_and_can_be_skipped(tmp_path):
    members = {name: picture(3 * n) for n, name in enumerate(NAMES)}
    packed = pack(tmp_path / "pets.zip", {**members, "dogs/2.png": picture(1)[:40]})
    with pytest.raises(ValueError, match=r"pets\.zip: dogs/2\.png .*skip_bad=true") as raised:
        opened(packed)
    assert "\n" not in str(raised.value)
    with pytest.warns(UserWarning, match="1 of 4 pictures"):
        assert opened(packed, skip_bad=True).skipped == 1


def test_a_member_whose_bytes_are_damaged_is_a_bad_picture(tmp_path):
    packed = pack(tmp_path / "pets.zip", {name: np.random.default_rng(n).bytes(3000) for n, name in enumerate(NAMES)})
    content = bytearray(packed.read_bytes())
    content[1000] ^= 0xFF
    packed.write_bytes(content)
    with pytest.raises(ValueError, match=r"cats/1\.png"):
        opened(packed)


def test_a_bomb_is_a_bad_picture(tmp_path, monkeypatch):
    monkeypatch.setattr(containers, "_LARGEST", 10)
    packed = pack(tmp_path / "pets.zip", {name: picture(3) for name in NAMES})
    with pytest.raises(ValueError, match=r"cats/1\.png"):
        opened(packed)


def test_what_is_no_zip_is_one_line(tmp_path):
    (tmp_path / "pets.zip").write_bytes(b"PK nothing")
    with pytest.raises(ValueError, match=r"pets\.zip' cannot be read as a zip file \(.*\); pack or download it again"):
        opened(tmp_path / "pets.zip")
    with pytest.raises(ValueError, match="holds no pictures"):
        opened(pack(tmp_path / "notes.zip", {"a.txt": b"x"}))
    with pytest.raises(FileNotFoundError, match="there is nothing at"):
        opened(tmp_path / "nowhere.zip")


def test_a_zip_with_a_password_is_one_line(tmp_path):
    packed = pack(tmp_path / "pets.zip", {name: picture(3) for name in NAMES})
    content = packed.read_bytes()
    start = content.index(b"PK\x01\x02")  # the flag of the first entry of the central directory
    packed.write_bytes(content[: start + 8] + bytes([content[start + 8] | 1]) + content[start + 9 :])
    with pytest.raises(ValueError, match="asks for a password; unpack it and give the folder"):
        opened(packed)
