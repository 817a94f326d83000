"""The cache: decoded once, keyed by content, whole or not there, whatever happens while it is written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from hf_genimg.data import build, cache, dataset, fingerprint, open_dataset


def opened(folder, **options):
    return open_dataset(folder, **{"image_size": 16, "progress": False} | options)


def entries(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "datasets").iterdir() if path.is_dir())


@pytest.fixture
def no_decoding(monkeypatch):
    def fail(*_):
        raise AssertionError("decoded again")

    return lambda: monkeypatch.setattr(build, "decode_with_largest", fail)


@pytest.fixture
def pictures(save, tmp_path):
    for index in range(3):
        save(f"pictures/{index}.bmp", 10 * index)
    return tmp_path / "pictures"


def test_second_opening_does_not_decode(pictures, no_decoding, cache_folder):
    first = opened(pictures)
    no_decoding()
    second = opened(pictures)
    assert np.array_equal(first.images, second.images) and first.fingerprint == second.fingerprint
    assert entries(cache_folder) == [first.fingerprint]


def test_settled_files_are_not_even_read_again(pictures, monkeypatch):
    monkeypatch.setattr(fingerprint, "_SETTLED_NS", -1_000_000_000)
    first = opened(pictures)
    monkeypatch.setattr(fingerprint, "_read_and_hash", lambda *_: pytest.fail("read again"))
    assert opened(pictures).fingerprint == first.fingerprint


def test_files_that_just_changed_are_read_again(pictures, cache_folder):
    opened(pictures, image_channels=1)
    assert not (cache_folder / "index").exists()


def test_moved_pictures_are_recognised(pictures, no_decoding):
    first = opened(pictures)
    pictures.rename(pictures.with_name("elsewhere"))
    no_decoding()
    assert opened(pictures.with_name("elsewhere")).fingerprint == first.fingerprint


def test_bad_pictures_have_the_name_they_are_read_by(pictures):
    (pictures / "3.bmp").write_bytes(b"junk")
    with pytest.warns(UserWarning, match=r"pictures/3\.bmp"):
        opened(pictures, skip_bad=True)
    moved = pictures.rename(pictures.with_name("elsewhere"))
    with pytest.warns(UserWarning, match=r"elsewhere/3\.bmp"):
        assert opened(moved, skip_bad=True).skipped == 1


def test_one_byte_makes_a_new_entry_even_with_the_old_time(pictures, monkeypatch):
    monkeypatch.setattr(fingerprint, "_SETTLED_NS", -1_000_000_000)  # so that the index is used
    first = opened(pictures)
    path = pictures / "1.bmp"
    times, content = path.stat(), bytearray(path.read_bytes())
    content[-1] = 99
    time.sleep(0.02)
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    second = opened(pictures)
    assert second.fingerprint != first.fingerprint
    assert (first.images[1] == 10).all() and (second.images[1] == 99).sum() == 1


def test_names_are_part_of_the_content(pictures):
    first = opened(pictures)
    (pictures / "0.bmp").rename(pictures / "00.bmp")  # the same pictures in the same order
    assert opened(pictures).fingerprint != first.fingerprint


@pytest.mark.parametrize("change", ["add", "remove", "rename"])
def test_other_files_make_a_new_entry(pictures, save, change):
    first = opened(pictures)
    if change == "add":
        save("pictures/3.bmp")
    elif change == "remove":
        (pictures / "0.bmp").unlink()
    else:
        (pictures / "0.bmp").rename(pictures / "9.bmp")
    second = opened(pictures)
    assert second.fingerprint != first.fingerprint
    assert second.images.tobytes() != first.images.tobytes()


def test_settings_that_matter_have_entries_of_their_own(pictures):
    variants = [{}, {"image_size": 8}, {"image_channels": 3}, {"skip_bad": True}, {"upscale": True}]
    assert len({opened(pictures, **variant).fingerprint for variant in variants}) == len(variants)
    assert opened(pictures, image_channels=1, flip=True).fingerprint == opened(pictures).fingerprint


def test_where_the_cache_is(monkeypatch):
    monkeypatch.setenv("HF_GENIMG_CACHE", "~/mine")
    assert cache.cache_root() == Path.home() / "mine"
    monkeypatch.delenv("HF_GENIMG_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache.cache_root() == Path("/xdg/hf_genimg")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.cache_root() == Path.home() / ".cache/hf_genimg"


def test_what_an_entry_holds(save, tmp_path, cache_folder):
    save("a/1.png", 1)
    save("b/2.png", 2)
    (tmp_path / "b" / "3.png").touch()
    with pytest.warns(UserWarning, match="1 of 3"):
        found = opened(tmp_path, skip_bad=True)
    folder = cache_folder / "datasets" / found.fingerprint
    images = np.load(folder / "images.npy")
    assert images.shape == (2, 16, 16, 1) and (folder / "images.npy").stat().st_size == 128 + images.nbytes
    assert np.load(folder / "labels.npy").tolist() == [0, 1]
    meta = json.loads((folder / "meta.json").read_text())
    assert (meta["count"], meta["classes"], meta["skipped"]) == (2, ["a", "b"], 1)
    assert "3.png" in meta["skipped_pictures"][0]


def test_a_failed_build_leaves_nothing(pictures, cache_folder):
    (pictures / "9.png").touch()
    with pytest.raises(ValueError, match=r"9\.png"):
        opened(pictures)
    assert entries(cache_folder) == []


@pytest.mark.parametrize("name", ["images.npy", "labels.npy", "meta.json"])
@pytest.mark.parametrize("damage", ["missing", "empty", "short", "long", "header"])
def test_damaged_entry_is_rebuilt(cache_folder, name, damage):
    first = open_dataset("digits@test", image_size=8, labels=True, progress=False)
    expected = first.images.tobytes(), first.labels.tobytes()
    path = cache_folder / "datasets" / first.fingerprint / name
    content = path.read_bytes()
    path.unlink()  # the first still maps the old file
    unclosed = content[:128].replace(b"}", b" ") + content[128:]
    replacement = {"empty": b"", "short": content[:-9], "long": content + b"}", "header": unclosed}
    if damage != "missing":
        path.write_bytes(replacement[damage])
    second = open_dataset("digits@test", image_size=8, labels=True, progress=False)
    assert (second.images.tobytes(), second.labels.tobytes()) == expected
    assert path.read_bytes() == content
    assert entries(cache_folder) == [first.fingerprint]


def test_an_entry_of_another_format_is_rebuilt(cache_folder):
    first = open_dataset("digits@test", image_size=8, progress=False)
    path = cache_folder / "datasets" / first.fingerprint / "meta.json"
    path.write_text(path.read_text().replace('"format_version": 1', '"format_version": 0'))
    open_dataset("digits@test", image_size=8, progress=False)
    assert json.loads(path.read_text())["format_version"] == 1


SLOW = """
import sys, time
from hf_genimg.data import build, open_dataset
decode = build.decode_with_largest
def slow(picture, how):
    print("decoding", flush=True)
    time.sleep({pause})
    return decode(picture, how)
build.decode_with_largest = slow
print(open_dataset(sys.argv[1], image_size=16, progress=False).fingerprint)
"""


def start(folder, pause):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SLOW.format(pause=pause)), str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def test_killed_while_building(pictures, cache_folder):
    process = start(pictures, pause=60)
    assert process.stdout.readline() == "decoding\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (left,) = entries(cache_folder)
    assert left.endswith(".unfinished")
    assert opened(pictures).images[:, 0, 0, 0].tolist() == [0, 10, 20]
    assert entries(cache_folder) == [opened(pictures).fingerprint]


def test_what_another_process_is_building_is_left_alone(pictures, cache_folder):
    process = start(pictures, pause=60)
    assert process.stdout.readline() == "decoding\n"
    open_dataset("digits@test", image_size=8, progress=False)
    assert sum(name.endswith(".unfinished") for name in entries(cache_folder)) == 1
    process.kill()
    process.communicate()


def test_two_processes_at_once_build_once(pictures, cache_folder):
    processes = [start(pictures, pause=0.3) for _ in range(2)]
    results = [process.communicate(timeout=60) for process in processes]
    lines = [out.split() for out, _ in results]
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(len(found) for found in lines) == [1, 4]  # one decoded the three, the other none
    assert {found[-1] for found in lines} == {opened(pictures).fingerprint}
    assert entries(cache_folder) == [lines[0][-1]]


def test_pictures_that_change_while_they_are_read(pictures, monkeypatch, cache_folder):
    decode = build.decode_with_largest

    def meddle(picture, how):
        (pictures / "2.bmp").write_bytes((pictures / "1.bmp").read_bytes() + b"!")
        return decode(picture, how)

    monkeypatch.setattr(build, "decode_with_largest", meddle)
    with pytest.raises(ValueError, match="changed while it was being read; open it again"):
        opened(pictures)
    assert entries(cache_folder) == []


def test_a_full_disk_is_reported_before_decoding(pictures, monkeypatch, no_decoding):
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 700})())
    no_decoding()
    with pytest.raises(
        ValueError, match=r"^the decoded images need 0\.00 GB but .* has 0\.00 GB free; .* HF_GENIMG_CACHE .*$"
    ):
        opened(pictures)


def test_a_cache_that_cannot_be_written(pictures, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("HF_GENIMG_CACHE", str(tmp_path / "file" / "inside"))
    with pytest.raises(
        ValueError, match=r"^the cache .*inside/datasets cannot be written \(Not a directory\); set HF_GENIMG_CACHE"
    ):
        opened(pictures)


def test_a_cache_that_is_read_only_still_serves(pictures, monkeypatch):
    first = opened(pictures)
    monkeypatch.setattr(cache, "_lock", lambda *_: pytest.fail("wants to write"))
    monkeypatch.setattr(cache, "_remove_abandoned", lambda *_: pytest.fail("wants to write"))
    assert opened(pictures).fingerprint == first.fingerprint


def test_progress_shows_while_decoding_only(pictures, capfd, monkeypatch):
    monkeypatch.setattr(build, "_BAR_DELAY", 0)
    opened(pictures, progress=True)
    shown = capfd.readouterr()
    assert "decoding" in shown.err and "/3 [" in shown.err and shown.out == ""
    opened(pictures, progress=True)
    opened(pictures, image_size=8)
    assert capfd.readouterr() == ("", "")


def test_order_and_content_do_not_depend_on_threads(save, tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    for index in range(100):
        save(f"{index:03}.png", random.integers(0, 256, (24, 24), dtype=np.uint8))
    one, many = [], []
    for result, threads in ((one, 1), (many, 4)):
        monkeypatch.setattr(build, "_threads_for", lambda _, threads=threads: threads)
        monkeypatch.setattr(dataset, "FORMAT_VERSION", threads)  # another key, so that it is built again
        result.append(opened(tmp_path, image_size=12).images.tobytes())
    assert one == many


def test_without_a_home_a_private_folder_of_temporary_files_serves(monkeypatch, tmp_path):
    for name in ("HF_GENIMG_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setenv("HOME", "")
    found = cache.cache_root()
    assert found.parent == tmp_path and found.stat().st_mode & 0o777 == 0o700
    assert len(open_dataset("digits@test", image_size=8, progress=False)) == 297 and cache.cache_root() == found
    monkeypatch.setenv("HOME", "/")
    assert cache.cache_root() == found
    found.chmod(0o755)
    with pytest.raises(ValueError, match="is not private; set HF_GENIMG_CACHE"):
        cache.cache_root()
