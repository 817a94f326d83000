"""Pictures as plain arrays: .npy and .npz files of NumPy, and the idx files of MNIST. No pickle is ever loaded."""

from __future__ import annotations

import gzip
import re
import struct
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ..faults import read_errors
from .labels import ClassNumbers, number_labels
from .parquet import as_levels
from .source import Picture, Source, choose_split, in_order, known_split

_IMAGE_WORDS, _LABEL_WORDS = ("images", "image", "x", "data", "arr_0"), ("labels", "label", "y", "targets")
_IDX = re.compile(r"(.*?)(?:images?|labels?)[-.]idx([13])-ubyte(?:\.gz)?", re.IGNORECASE)
_MOST_BYTES = 1 << 34  # of one array that is unpacked into memory


@dataclass(frozen=True)
class _Split:
    """uint8 or uint16 images [N, ...], labels [N] or None, and the files that both are read from."""

    images: np.ndarray
    labels: np.ndarray | None
    files: tuple[tuple[str, Path], ...]


def is_array_file(path: Path) -> bool:
    """Whether `path` is a file that ends in .npy or .npz."""
    return path.suffix.lower() in (".npy", ".npz") and path.is_file()


def array_splits(name: str, path: Path) -> list[str]:
    """Names of the splits in a .npy or .npz file. Errors as of `array_source`."""
    return in_order(_arrays(name, path))


def array_source(name: str, path: Path, split: str) -> Source:
    """One split of a .npy file of images, or of a .npz file of `images` and perhaps `labels`.

    Arrays may also be called `x` and `y`, and name splits, as in `train_images` or `x_train`.

    Images are uint8 (or bool, or uint16 without colour), [N, H, W], [N, H, W, C] or [N, C, H, W].

    Raises:
        ValueError: it cannot be read, holds pickles, no images, no such split, or levels of another type.
    """
    return _source(name, "arrays", _arrays(name, path), split)


def is_idx(names: Iterable[str]) -> bool:
    """Whether the files of a folder are idx files, as MNIST is published."""
    return any((match := _IDX.fullmatch(Path(name).name)) and match[2] == "3" for name in names)


def idx_splits(name: str, root: Path, names: Iterable[str]) -> list[str]:
    """Names of the splits in a folder of idx files; `t10k` is `test`."""
    return in_order(_idx_files(name, root, names))


def idx_source(name: str, root: Path, names: Iterable[str], split: str) -> Source:
    """One split of idx files: `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`, also with .gz.

    Raises:
        ValueError: a file cannot be read, or there is no such split.
    """
    files = _idx_files(name, root, names)
    wanted = choose_split(name, split, in_order(files))
    return _source(name, "idx", {wanted: _read_idx_split(name, files[wanted])}, wanted)


def _source(name: str, kind: str, splits: Mapping[str, _Split], split: str) -> Source:
    split = choose_split(name, split, in_order(splits))
    found = splits[split]
    everything = [each.labels for each in splits.values() if each.labels is not None]
    coded = None if found.labels is None else number_labels({label for each in everything for label in each.tolist()})
    return Source(
        name=name,
        split=split,
        count=len(found.images),
        labelled=coded is not None,
        classes=coded.class_names if coded else None,
        recipe=f"{kind} {coded.class_names if coded else ''}",
        files=found.files,
        pictures=partial(_pictures, name, found, coded),
        label_note=coded.note(name) if coded else "",
    )


def _pictures(name: str, split: _Split, coded: ClassNumbers | None) -> Iterator[Picture]:
    for number, image in enumerate(split.images):
        label = coded.number(split.labels[number].item()) if coded else None
        yield Picture(f"{name} image {number}", as_levels(np.asarray(image)), label)


def _arrays(name: str, path: Path) -> dict[str, _Split]:
    try:
        found = _load(path)
    except read_errors() as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{name} cannot be read as arrays without pickles ({reason}); save it again") from error
    splits: dict[str, _Split] = {}
    for key, array in found.items():
        split, role = _role(key)
        if role == "images":
            labels = next((other for each, other in found.items() if _role(each) == (split, "labels")), None)
            splits[split] = _checked(name, array, labels, ((path.name, path),))
    if not splits:
        raise ValueError(
            f"{name} holds no images among its arrays; call them images and labels, or train_images and so on"
        )
    return splits


def _load(path: Path) -> dict[str, np.ndarray]:
    """Images and labels by name, without pickles; a .npy file is mapped. Raises any of `faults.read_errors()`."""
    if path.suffix.lower() == ".npy":
        return {"arr_0": np.load(path, allow_pickle=False, mmap_mode="r")}
    with open(path, "rb") as file:  # which NumPy would leave open where it is damaged
        loaded = np.load(file, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"arr_0": loaded}
        with loaded:
            return {key: loaded[key] for key in loaded.files if _role(key) and _bounded(path, key)}


def _role(key: str) -> tuple[str, str] | None:
    """The split and the role, images or labels, that the name of an array tells."""
    words = [word for word in re.split(r"[^0-9a-z]+", key.lower()) if word]
    split = next(filter(None, map(known_split, words)), None)
    rest = [key.lower(), *(word for word in words if not known_split(word))]
    for role, known in (("images", _IMAGE_WORDS), ("labels", _LABEL_WORDS)):
        if any(word in known for word in rest):
            return split or "train", role
    return None


def _bounded(path: Path, key: str) -> bool:
    """Raises ValueError for an array that would not fit into memory."""
    with zipfile.ZipFile(path) as archive:
        if archive.getinfo(f"{key}.npy").file_size > _MOST_BYTES:
            raise ValueError(f"{key} unpacks to more than {_MOST_BYTES} bytes; save it as .npy")
    return True


def _checked(name: str, images: np.ndarray, labels: np.ndarray | None, files: tuple[tuple[str, Path], ...]) -> _Split:
    if images.dtype == np.bool_:
        images = images.astype(np.uint8) * np.uint8(255)
    if images.dtype not in (np.uint8, np.uint16) or images.ndim not in (3, 4) or not len(images):
        raise ValueError(
            f"{name} holds images of type {images.dtype} and shape {list(images.shape)}; give uint8 levels of 0 to "
            "255, [N, H, W] or [N, H, W, C]"
        )
    if images.dtype == np.uint16 and images.ndim == 4 and 1 not in (images.shape[1], images.shape[3]):
        raise ValueError(f"{name} holds colour images with 16 bits a level; give uint8 levels of 0 to 255")
    if labels is not None:
        labels = labels.reshape(len(labels), -1)[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
        if labels.shape != (len(images),) or labels.dtype.kind not in "iubU":
            shape = f"{labels.dtype} {list(labels.shape)}"
            raise ValueError(
                f"{name} holds labels {shape} for {len(images)} images; give one whole number or text for each"
            )
    return _Split(images, labels, files)


def _idx_files(name: str, root: Path, names: Iterable[str]) -> dict[str, dict[str, tuple[str, Path]]]:
    """The images and labels file of each split."""
    found: dict[str, dict[str, tuple[str, Path]]] = {}
    for each in names:
        match = _IDX.fullmatch(Path(each).name)
        if match:
            words = re.split(r"[^0-9a-z]+", match[1].lower())
            split = "test" if "t10k" in words else next(filter(None, map(known_split, words)), "train")
            found.setdefault(split, {})["images" if match[2] == "3" else "labels"] = (each, root / each)
    return {split: files for split, files in found.items() if "images" in files}


def _read_idx_split(name: str, files: Mapping[str, tuple[str, Path]]) -> _Split:
    images, labels = (
        _read_idx(*files[role][::-1], dims) if role in files else None for role, dims in (("images", 3), ("labels", 1))
    )
    return _checked(name, images, labels, tuple(files[role] for role in ("images", "labels") if role in files))


def _read_idx(path: Path, name: str, dimensions: int) -> np.ndarray:
    """uint8 levels or labels, after a header of big-endian numbers: 8 for bytes, dimensions, and their lengths."""
    try:
        with gzip.open(path) if name.endswith(".gz") else open(path, "rb") as file:
            magic, *shape = struct.unpack(f">{dimensions + 1}I", file.read(4 * (dimensions + 1)))
            size = int(np.prod(shape, dtype=object))
            if magic != 0x800 + dimensions or size > _MOST_BYTES:
                raise ValueError(f"it begins with {magic:#x} and lengths {shape}")
            content = file.read(size + 1)
    except read_errors() as error:
        raise ValueError(f"{path} cannot be read as an idx file ({error}); download it again") from error
    if len(content) != size:
        raise ValueError(f"{path} cannot be read as an idx file (its length is not that of {shape}); download it again")
    return np.frombuffer(content, np.uint8).reshape(shape)
