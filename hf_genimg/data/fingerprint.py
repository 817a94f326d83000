"""The hash of what a source contains, with an index that saves reading files again while they look unchanged."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from tqdm import tqdm

from ..faults import read_errors
from .source import Source

_CHUNK = 1 << 20
# A file may change again within one tick of its clock and look the same: files this young are not entered in the index.
_SETTLED_NS = 2_000_000_000


def stat_fingerprint(source: Source) -> str:
    """Hash of paths, sizes and times of the files of a source. A write to one of them changes it (the change time
    cannot be set back).
    """
    return _hash(_stat_lines(source))


def _stat_lines(source: Source) -> Iterable[bytes]:
    for name, path in source.files:
        yield os.fsencode(f"{name}\0{os.path.abspath(path)}\0{_stat(path)}\n")


def _stat(path: Path) -> tuple[int, int]:
    """(size, time of the last change in ns); of what cannot be reached or is no regular file (-1, 0): decoding will
    report it as a bad picture.
    """
    try:
        found = path.stat()
    except OSError:
        return -1, 0
    if not stat.S_ISREG(found.st_mode):
        return -1, 0
    return found.st_size, max(found.st_mtime_ns, found.st_ctime_ns)


def content_hash(source: Source, index: Path, stats: str, progress: bool = False) -> str:
    """sha256 over names and contents of the files of a source, in order.

    Args:
        index: folder that remembers the hash of each stat fingerprint.
        stats: `stat_fingerprint` of the source.
    """
    remembered = index / f"{stats}.json"
    known = _recall(remembered)
    if isinstance(known, str):
        return known
    started = time.time_ns()
    content = _read_and_hash(source, progress)
    if all(_stat(path)[1] < started - _SETTLED_NS for _, path in source.files):
        _remember(remembered, content)
    return content


def key_of(*parts: object) -> str:
    """A short name, fit for a folder, that stands for `parts`."""
    return _hash([json.dumps(parts).encode()])[:32]


def _hash(chunks: Iterable[bytes]) -> str:
    hasher = hashlib.sha256()
    for chunk in chunks:
        hasher.update(chunk)
    return hasher.hexdigest()


def _read_and_hash(source: Source, progress: bool) -> str:
    total = sum(_stat(path)[0] for _, path in source.files)
    # `delay`: only a set that takes more than a second to read gets a bar.
    with tqdm(
        total=total,
        desc=f"reading {source.name}",
        unit="B",
        unit_scale=True,
        delay=1,
        leave=False,
        disable=not progress,
    ) as bar:
        return _hash(_contents(source, bar))


def _contents(source: Source, bar: tqdm) -> Iterable[bytes]:
    for name, path in source.files:
        yield os.fsencode(f"{name}\0{_stat(path)[0]}\0")
        try:
            if path.exists() and not path.is_file():  # reading a pipe or a device might never end
                yield b"not a regular file"
                continue
            with open(path, "rb") as file:
                while chunk := file.read(_CHUNK):
                    bar.update(len(chunk))
                    yield chunk
        except OSError as error:  # a picture like this is a bad one, which decoding reports
            yield f"unreadable {error.errno}".encode()


def remembered_channels(index: Path, key: str, detect: Callable[[], int]) -> int:
    """1 or 3: what `detect` found once for the contents and reading that `key` stands for."""
    known = _recall(index / f"{key}.channels.json")
    if known not in (1, 3):
        known = detect()
        _remember(index / f"{key}.channels.json", known)
    return known


def _recall(path: Path) -> str | int | None:
    try:
        known = json.loads(path.read_text())["content"]
    except read_errors():
        return None
    return known if isinstance(known, str | int) else None


def _remember(path: Path, content: str | int) -> None:
    with suppress(OSError):  # the index only saves time; a cache that cannot be written says so when an entry is built
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps({"content": content}))
        os.replace(temporary, path)
