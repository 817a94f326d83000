"""Decoded image sets on disk: one folder per content and decoding, written whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..faults import read_errors

try:
    import fcntl
except ImportError:  # Windows: two processes may then decode the same set; the first to finish wins
    fcntl = None

FORMAT_VERSION = 1
_UNFINISHED = ".unfinished"
_ABANDONED_SECONDS = 24 * 3600  # where there are no locks


@dataclass(frozen=True)
class Entry:
    """A decoded set: uint8 images [N, H, W, C] and int64 labels [N] or None, memory-mapped copy-on-write, and what
    `meta.json` says. Of pictures of unequal sizes, `images` is uint8 [total] and `sizes` int64 [N, 2].
    """

    images: np.ndarray
    labels: np.ndarray | None
    meta: dict[str, Any]
    sizes: np.ndarray | None = None
    captions: list[list[str]] | None = None


def cache_root() -> Path:
    """`$HF_GENIMG_CACHE`, else `$XDG_CACHE_HOME/hf_genimg`, else `~/.cache/hf_genimg`; without a home, a folder of this
    user's among the temporary files.
    """
    if own := os.environ.get("HF_GENIMG_CACHE"):
        return Path(os.path.expanduser(own))
    found = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    homeless = found.startswith("~") and os.path.expanduser("~") in ("", "~", "/")
    return _temporary_root() if homeless else Path(os.path.expanduser(found)) / "hf_genimg"


def _temporary_root() -> Path:
    """A private folder, the same for all processes of this user."""
    user = os.getuid() if hasattr(os, "getuid") else "user"
    folder = Path(tempfile.gettempdir()) / f"hf_genimg-{user}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or (user != "user" and (found.st_uid != user or found.st_mode & 0o077)):
        raise ValueError(f"there is no home folder, and {folder} is not private; set HF_GENIMG_CACHE to a folder")
    return folder


def cached_entry(key: str, build: Callable[[Path], None], description: str) -> Entry:
    """The entry called `key`, built first when it is absent or damaged.

    `build(folder)` writes `images.npy`, `meta.json` and perhaps `labels.npy` into an empty folder, which is then
    renamed: a process that is killed leaves a folder that nobody reads and that the next one removes. Of several
    processes one builds and the others wait for it.

    Args:
        description: what is built, for the line that a waiting process prints.

    Raises:
        ValueError: the cache folder cannot be written.
    """
    folder = cache_root() / "datasets"
    entry = _read(folder / key)  # before the lock, so that a cache that is read-only still serves
    if entry is not None:
        return entry
    with _report_unwritable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(folder)
        with _lock(folder / f"{key}.lock", description):
            entry = _read(folder / key)
            return entry if entry is not None else _build(folder, key, build)


def require_space(folder: Path, needed: int) -> None:
    """Raises ValueError when `needed` bytes do not fit on the disk of `folder`."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise ValueError(
            f"the decoded images need {needed / 1e9:.2f} GB but {folder} has {free / 1e9:.2f} GB free; "
            "free some, use a smaller image_size, or set HF_GENIMG_CACHE to a folder on a larger disk"
        )


@contextmanager
def _report_unwritable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise ValueError(
            f"the cache {folder} cannot be written ({reason}); set HF_GENIMG_CACHE to a folder that can"
        ) from error


def _build(folder: Path, key: str, build: Callable[[Path], None]) -> Entry:
    unfinished = Path(tempfile.mkdtemp(prefix=f"{key}.", suffix=_UNFINISHED, dir=folder))
    try:
        build(unfinished)
        unfinished.chmod(0o777 & ~_umask())  # mkdtemp's folders are private; a cache may be shared
        _publish(unfinished, folder / key)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    entry = _read(folder / key)
    if entry is None:
        raise ValueError(f"the cache entry {folder / key} is not readable right after it was written; check that disk")
    return entry


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _publish(unfinished: Path, final: Path) -> None:
    if final.exists() and _read(final) is None:
        damaged = unfinished.with_name(unfinished.name.replace(_UNFINISHED, f".damaged{_UNFINISHED}"))
        os.replace(final, damaged)
        shutil.rmtree(damaged, ignore_errors=True)
    try:
        os.rename(unfinished, final)
    except OSError:
        if _read(final) is None:  # else another process was faster, and its entry is the same
            raise


def _read(folder: Path) -> Entry | None:
    """The entry in `folder`, or None when there is none or it is damaged."""
    try:
        meta = json.loads((folder / "meta.json").read_text())
        if meta["format_version"] != FORMAT_VERSION or meta["skipped"] != len(meta["skipped_pictures"]):
            return None
        sizes = _map(folder / "sizes.npy", (meta["count"], 2), np.int64) if meta.get("unequal") else None
        images = _map(folder / "images.npy", _shape(meta, sizes), np.uint8)
        labels = _map(folder / "labels.npy", (meta["count"],), np.int64) if meta["labelled"] else None
        captions = json.loads((folder / "captions.json").read_text()) if meta.get("captioned") else None
        if captions is not None and len(captions) != meta["count"]:
            return None
    except read_errors():
        return None
    return Entry(images, labels, meta, sizes, captions)


def _shape(meta: dict[str, Any], sizes: np.ndarray | None) -> tuple[int, ...]:
    if sizes is None:
        return meta["count"], meta["image_size"], meta["image_size"], meta["image_channels"]
    return (int(sizes.prod(axis=1).sum()) * meta["image_channels"],)


def _map(path: Path, shape: tuple[int, ...], dtype: type) -> np.ndarray:
    # Mode "c" (copy on write) is writable in memory, which torch wants, and never writes to the file.
    array = np.load(path, mmap_mode="c", allow_pickle=False)
    if array.shape != shape or array.dtype != dtype or path.stat().st_size != array.offset + array.nbytes:
        raise ValueError(f"{path} does not hold {dtype.__name__} {shape}")
    return array


@contextmanager
def _lock(path: Path, description: str) -> Iterator[None]:
    """Held by one process at a time; the system releases it when the process ends, however it ends."""
    if fcntl is None:
        yield
        return
    with open(path, "a") as file:
        if not _try_lock(file.fileno()):
            print(f"waiting for another process that decodes {description}", file=sys.stderr)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove_abandoned(folder: Path) -> None:
    for unfinished in folder.glob(f"*{_UNFINISHED}"):
        with suppress(OSError):  # another process may be removing it too
            _remove_if_abandoned(unfinished)


def _remove_if_abandoned(unfinished: Path) -> None:
    if fcntl is None:
        if time.time() - unfinished.stat().st_mtime > _ABANDONED_SECONDS:
            shutil.rmtree(unfinished, ignore_errors=True)
        return
    with open(unfinished.parent / f"{unfinished.name.split('.')[0]}.lock", "a") as file:
        if _try_lock(file.fileno()):  # whoever builds holds this lock
            shutil.rmtree(unfinished, ignore_errors=True)
