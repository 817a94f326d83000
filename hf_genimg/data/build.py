"""Decoding a whole source into a cache entry: a stream of pictures in, rows of a .npy file out, never the set in
memory.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
from tqdm import tqdm

from .cache import FORMAT_VERSION, require_space
from .decode import BadPicture, Decoding, decode
from .source import Picture, Source

_BAR_DELAY = 0.5  # seconds; what is faster needs no bar
_NO_LABEL = -1
_CHUNK = 16  # pictures a thread decodes at once
# Decoding releases the interpreter's lock, Python around it does not. On two cores two threads are 1.4 times as fast
# for celeba's 2.8 kB a picture, 1.4 times for photographs, but 0.75 times for MNIST's 0.3 kB.
_BYTES_WORTH_THREADS = 2048
_MOST_THREADS = 4


def build_entry(folder: Path, source: Source, how: Decoding, progress: bool) -> None:
    """Write `images.npy`, `labels.npy` when the source is labelled, and `meta.json` into `folder`.

    A picture without a label gets the label -1.

    Raises:
        BadPicture: the first one that cannot be used, unless `how.skip_bad`.
        ValueError: no picture can be used, or they do not fit on the disk.
    """
    shape = (how.image_size, how.image_size, how.image_channels)
    require_space(folder, source.count * (int(np.prod(shape)) + 8))
    labels: list[int] = []
    bad: list[BadPicture] = []
    with open(folder / "images.npy", "wb") as file:
        _write_header(file, (source.count, *shape))
        for picture, image in _decoded(source, how, progress):
            if isinstance(image, BadPicture):
                bad.append(image)
                continue
            file.write(image.tobytes())
            labels.append(_NO_LABEL if picture.label is None else picture.label)
        _write_header(file, (len(labels), *shape))
        _to_disk(file)
    if not labels:
        raise ValueError(f"none of the {source.count} pictures of {source.name} can be used; the first: {bad[0].fact}")
    _write_labels(folder, source, labels)
    _write_meta(folder, source, how, len(labels), [error.fact for error in bad])


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    """The .npy header at the start of `file`. numpy leaves room in it for any length of the first axis, so a shorter
    one can replace it.
    """
    file.seek(0)
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _write_labels(folder: Path, source: Source, labels: list[int]) -> None:
    if source.labelled:
        with open(folder / "labels.npy", "wb") as file:
            np.save(file, np.asarray(labels, dtype=np.int64))
            _to_disk(file)


def _write_meta(folder: Path, source: Source, how: Decoding, count: int, bad: list[str]) -> None:
    meta = {
        "format_version": FORMAT_VERSION,
        "source": f"{source.name}@{source.split}",
        "count": count,
        "image_size": how.image_size,
        "image_channels": how.image_channels,
        "labelled": source.labelled,
        "classes": source.classes,
        "skipped": len(bad),
        "skipped_pictures": bad,
    }
    with open(folder / "meta.json", "wb") as file:
        file.write(json.dumps(meta, indent=1).encode())
        _to_disk(file)


def _decoded(source: Source, how: Decoding, progress: bool) -> Iterator[tuple[Picture, np.ndarray | BadPicture]]:
    """Each picture with its array, or with why there is none where that is allowed; in order, with a bar."""
    with (
        tqdm(
            total=source.count,
            desc=f"decoding {source.name}",
            unit="image",
            leave=False,
            delay=_BAR_DELAY,
            disable=not progress,
        ) as bar,
        closing(source.pictures()) as pictures,
    ):
        for chunk in _in_threads(pictures, how, _threads_for(source)):
            for picture, image in chunk:
                if isinstance(image, BadPicture) and not how.skip_bad:
                    raise image
                yield picture, image
            bar.update(len(chunk))


_Decoded = list[tuple[Picture, "np.ndarray | BadPicture"]]


def _threads_for(source: Source) -> int:
    size = sum(path.stat().st_size for _, path in source.files if path.exists())
    return min(_MOST_THREADS, os.cpu_count() or 1) if size > _BYTES_WORTH_THREADS * source.count else 1


def _in_threads(pictures: Iterator[Picture], how: Decoding, threads: int) -> Iterator[_Decoded]:
    """Chunks of decoded pictures in order; a few are under way at any time, so memory stays bounded."""
    with ThreadPoolExecutor(threads) as pool:
        pending: deque[Future[_Decoded]] = deque()
        while chunk := list(islice(pictures, _CHUNK)):
            pending.append(pool.submit(_decode_all, chunk, how))
            if len(pending) > threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _decode_all(pictures: Iterable[Picture], how: Decoding) -> _Decoded:
    return [(picture, _attempt(picture, how)) for picture in pictures]


def _attempt(picture: Picture, how: Decoding) -> np.ndarray | BadPicture:
    try:
        return decode(picture, how)
    except BadPicture as error:
        return error
