"""Features of a reference, kept on disk by what they are of, so that they are computed once."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ..data import cache_root, key_of
from ..faults import read_errors
from .features import Extractor, Features, Progress, extract, joined
from .fidelity import VERSION
from .sources import DataImages
from .transparency import BLACK, WHITE


def reference_features(
    images: DataImages, extractor: Extractor, progress: Progress = True, alone: bool = False
) -> Features:
    """The features of a data set by an extractor: from the cache where they were computed before, of the same images
    with the same weights. Those of images with transparency are over white and over black, side by side.
    """
    if images.transparent is not None:
        sides = (_reference_features(images.over(level), extractor, progress, alone) for level in (WHITE, BLACK))
        return joined(*sides)
    return _reference_features(images, extractor, progress, alone)


def _reference_features(images: DataImages, extractor: Extractor, progress: Progress, alone: bool) -> Features:
    key = key_of(
        1,
        images.dataset.fingerprint,
        len(images),
        extractor.name,
        extractor.sha256,
        extractor.layer,
        extractor.resize,
        VERSION,
    )
    path = cache_root() / "features" / f"{key}.npz"
    kept = _read(path)
    if kept is not None:
        return kept
    features = extract(images, extractor, f"features of {images.dataset.name}", progress, alone)
    _write(path, features)
    return features


def _read(path: Path) -> Features | None:
    try:
        with np.load(path, allow_pickle=False) as file:
            return Features(file["values"], file.get("logits"))
    except read_errors():  # absent, or damaged: it is made again
        return None


def _write(path: Path, features: Features) -> None:
    """Under another name first, so that nobody ever reads half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.npz")
    logits = {} if features.logits is None else {"logits": features.logits}
    np.savez(temporary, values=features.values, **logits)
    os.replace(temporary, path)
