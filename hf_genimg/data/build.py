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
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from tqdm import tqdm

from .cache import FORMAT_VERSION, require_space
from .decode import BadPicture, Decoded, Decoding, decode_with_largest
from .source import Picture, Source

_BAR_DELAY = 0.5  # seconds; what is faster needs no bar
_NO_LABEL = -1
_CHUNK = 16  # pictures a thread decodes at once
# Decoding releases the interpreter's lock, Python around it does not. On two cores two threads are 1.4 times as fast
# for celeba's 2.8 kB a picture, 1.4 times for photographs, but 0.75 times for MNIST's 0.3 kB.
_BYTES_WORTH_THREADS = 2048
_MOST_THREADS = 4


def build_entry(folder: Path, source: Source, how: Decoding, progress: bool) -> None:
    """Write `images.npy`, `labels.npy` when the source is labelled, `captions.json` when it is captioned, `sizes.npy`
    when pictures keep their sizes, and `meta.json` into `folder`.

    A picture without a label gets the label -1.

    Raises:
        BadPicture: the first one that cannot be used, unless `how.skip_bad`.
        ValueError: no picture can be used, or they do not fit on the disk.
    """
    kept = _Kept()
    with open(folder / "images.npy", "wb") as file:
        if how.crop_from is None:
            require_space(folder, source.count * (how.image_size**2 * how.image_channels + 8))
        _write_header(file, _shape(how, source.count, 0))
        for picture, image in _decoded(source, how, progress):
            if isinstance(image, BadPicture):
                kept.bad.append(image.fact)
                continue
            file.write(image.levels.tobytes())
            kept.add(picture, image)
        _write_header(file, _shape(how, len(kept.labels), kept.total))
        _to_disk(file)
    if not kept.labels:
        raise ValueError(f"none of the {source.count} pictures of {source.name} can be used; the first: {kept.bad[0]}")
    if source.labelled:
        _write_array(folder / "labels.npy", kept.labels)
    if how.crop_from is not None:
        _write_array(folder / "sizes.npy", kept.sizes)
    if source.captioned:
        _write_json(folder / "captions.json", kept.captions)
    _write_json(folder / "meta.json", _meta(source, how, kept))


@dataclass
class _Kept:
    """What is kept of the pictures besides their levels, and facts of those that are left out."""

    labels: list[int] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    captions: list[tuple[str, ...]] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    total: int = 0
    largest: int = 0

    def add(self, picture: Picture, image: Decoded) -> None:
        self.labels.append(_NO_LABEL if picture.label is None else picture.label)
        self.sizes.append(image.levels.shape[:2])
        self.captions.append(picture.captions)
        self.total += image.levels.size
        self.largest = max(self.largest, image.largest)


def _shape(how: Decoding, count: int, total: int) -> tuple[int, ...]:
    return (total,) if how.crop_from is not None else (count, how.image_size, how.image_size, how.image_channels)


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    """The .npy header at the start of `file`. numpy leaves room in it for any length of the first axis, so a shorter
    one can replace it.
    """
    file.seek(0)
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _write_array(path: Path, values: list[Any]) -> None:
    with open(path, "wb") as file:
        np.save(file, np.asarray(values, dtype=np.int64))
        _to_disk(file)


def _write_json(path: Path, content: Any) -> None:
    with open(path, "wb") as file:
        file.write(json.dumps(content, indent=1).encode())
        _to_disk(file)


def _meta(source: Source, how: Decoding, kept: _Kept) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "source": f"{source.name}@{source.split}",
        "count": len(kept.labels),
        "image_size": how.image_size,
        "image_channels": how.image_channels,
        "labelled": source.labelled,
        "classes": source.classes,
        "captioned": source.captioned,
        "unequal": how.crop_from is not None,
        "largest_level": kept.largest,
        "skipped": len(kept.bad),
        "skipped_pictures": kept.bad,
    }


def _decoded(source: Source, how: Decoding, progress: bool) -> Iterator[tuple[Picture, Decoded | BadPicture]]:
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


_Chunk = list[tuple[Picture, "Decoded | BadPicture"]]


def _threads_for(source: Source) -> int:
    size = sum(path.stat().st_size for _, path in source.files if path.exists())
    return min(_MOST_THREADS, os.cpu_count() or 1) if size > _BYTES_WORTH_THREADS * source.count else 1


def _in_threads(pictures: Iterator[Picture], how: Decoding, threads: int) -> Iterator[_Chunk]:
    """Chunks of decoded pictures in order; a few are under way at any time, so memory stays bounded."""
    with ThreadPoolExecutor(threads) as pool:
        pending: deque[Future[_Chunk]] = deque()
        while chunk := list(islice(pictures, _CHUNK)):
            pending.append(pool.submit(_decode_all, chunk, how))
            if len(pending) > threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _decode_all(pictures: Iterable[Picture], how: Decoding) -> _Chunk:
    return [(picture, _attempt(picture, how)) for picture in pictures]


def _attempt(picture: Picture, how: Decoding) -> Decoded | BadPicture:
    try:
        return decode_with_largest(picture, how)
    except BadPicture as error:
        return error
