"""Does a trained model copy what it was trained on? The audit of a run, and the numbers of it that its card shows."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..data import available_splits, separate_split
from .audit import Audit, ImageSet, audit
from .extractors import default_extractor, open_extractor
from .features import BATCH, Extractor, compute_device, extract
from .sources import open_data, open_model

AUDIT = "audit.json"
HELD_OUT = ("test", "validation")  # the first of these that the data has


def audit_run(run: str | Path, *, data: str | None = None, extractor: str | None = None, num: int = 1000, seed: int = 0) -> dict[str, Any]:
    """Look for copies of training images among what a run makes; the result is kept in its `audit.json`, from which its card takes it.

    Args:
        run: a run directory of a model that makes images from noise.
        data: what it learned from, where that lies elsewhere now; as in its recipe unless given.
        extractor: as of `evaluate`.
        num: how many images are made.
        seed: of the first one, and of the calibration.

    Raises `ValueError` in one line for a folder that is no run, or a model that makes no images from noise.
    """
    recipe = Path(run) / "recipe.json"
    if not recipe.is_file():
        raise ValueError(f"{run} holds no {recipe.name}; give a run directory, for an audit needs to know what it learned from")
    data = data or json.loads(recipe.read_text(encoding="utf-8"))["fields"]["data"]
    eyes = open_extractor(extractor or default_extractor(data, None))
    eyes.to(compute_device())
    made = open_model(str(run), num, seed, compute_device())
    eyes.check(made.image_channels)
    name, split = separate_split(data)
    held_out = None if split else next((each for each in HELD_OUT if each in available_splits(data)), None)
    sources = [data, f"{name}@{held_out}"] if held_out else [data]
    sides = [open_data(each, made.image_size, made.image_channels, None, False) for each in sources]
    samples, training, *rest = (_seen(images, eyes) for images in (made, *sides))
    found = audit(samples, training, rest[0] if rest else None, seed)
    result = _summary(found) | {
        "samples": len(samples),
        "training": len(training),
        "held_out": len(rest[0]) if rest else 0,
        "revision": made.pipeline.revision,
        "extractor": eyes.name,
        "extractor_sha256": eyes.sha256,
        "seed": seed,
    }
    _save(result, Path(run) / AUDIT)
    return result


def _seen(images: Any, eyes: Extractor) -> ImageSet:
    batches = [images.batch(start, min(start + BATCH, len(images))).cpu() for start in range(0, len(images), BATCH)]
    return ImageSet(torch.cat(batches).numpy(), np.asarray(extract(images, eyes, "", False, alone=True).values, np.float32))


def _summary(found: Audit) -> dict[str, Any]:
    gap = found.gap
    return {
        "copies": len(found.copies),
        "threshold": found.threshold,
        "authentic_percent": found.authentic_percent,
        "gap": None if gap is None else {"value": gap.value, "low": gap.low, "high": gap.high},
        "planted_share": found.planted_share,
        "real_share": found.real_share,
    }


def _save(result: dict[str, Any], path: Path) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(result, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    os.replace(partial, path)
