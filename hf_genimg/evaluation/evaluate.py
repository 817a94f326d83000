"""`evaluate`: what is scored, against what, seen by which network, and the scores with all that in their protocol."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ..data import ImageDataset, available_splits, natural_size, separate_split
from .doctor import LEAST, diagnose
from .extractors import default_extractor, open_extractor
from .features import BATCH, Extractor, compute_device, extract, join_processes
from .fidelity import KID_SUBSETS, LARGEST_KID_SUBSET, NEIGHBOURS, VERSION
from .frechet import REPEATS, Statistics
from .metrics import SPLITS, Classes, Tables, chosen_metrics, measure
from .neighbours import NEIGHBOURS as BALLS
from .on_images import AUDITED, Scene, measure_images
from .path_length import path_facts
from .reference import reference_features
from .scores import Report
from .sources import MOST, DataImages, FakeImages, ModelImages, is_model, open_data, open_model

LARGEST = 1024  # pixels a side that data are decoded at where neither model nor extractor sets a size


@dataclass(frozen=True)
class Sides:
    """The two sets of images, or one and the statistics of the other."""

    fake: FakeImages
    real: DataImages | None
    statistics: Statistics | None


def evaluate(
    source: str | Path,
    reference: str | Path,
    *,
    metrics: Sequence[str] | None = None,
    extractor: str | None = None,
    extractor_weights: str | Path | None = None,
    num: int | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Report:
    """Score a model or a set of images against a reference.

    Args:
        source: MODEL (a run, a pipeline directory or Hub id, also of an unconditional pipeline of diffusers) or DATA.
        reference: DATA, or an .npz with `mu` and `sigma` of the same extractor, for the Fréchet distance alone.
        metrics: names from `hf-genimg list metrics`; all that can be measured when left out.
        extractor: a name from `hf-genimg list extractors` or a classifier; when left out `digits` for the built-in
            digits, otherwise `inception-v3-compat` where its weights are at hand, otherwise `efficientnet-lite0`.
        extractor_weights: a file for an extractor of torch-fidelity or a named feature network.
        num: how many images of the source; when left out as many as the reference has, at most 50,000 of a model.
        seed: of the first image that is made, and of subsets and resampling.

    In several processes (torchrun) each computes its share of the features, and all return the same report.

    Raises:
        ValueError: for what does not go together, in one line, before any work.
    """
    source, reference = str(source), str(reference)
    names = list(metrics) if metrics else None
    chosen_metrics(names)
    if num is not None and num < 1:
        raise ValueError(f"--num {num} is no number of images; use 1 or more")
    for name in (source, reference):
        if not is_model(name) and not name.endswith(".npz"):
            available_splits(name)  # raises where nothing is there, before an extractor is downloaded
    known = Statistics.load(reference) if reference.endswith(".npz") else None
    join_processes()
    eyes = open_extractor(extractor or default_extractor(reference, extractor_weights), extractor_weights)
    sides = _open(source, known or reference, eyes, num, seed, progress)
    eyes.to(compute_device())
    real = None if sides.real is None else reference_features(sides.real, eyes, progress)
    fake = extract(sides.fake, eyes, f"features of {source}", progress)
    tables = Tables(fake, real, seed, sides.statistics, _classes(sides.fake, sides.real))
    scene = Scene(sides.fake, sides.real, eyes, tables, _held_out(reference, sides.fake))
    return _report(
        scene, names, _protocol(sides.fake, sides.real, reference, eyes, seed), _described(source, sides.fake)
    )


def _report(scene: Scene, names: list[str] | None, protocol: dict[str, Any], source: dict[str, Any]) -> Report:
    """Everything that is to be measured of two sides whose features are there."""
    scores, skipped = measure(scene.tables, names)
    found, also_skipped = measure_images(scene, names)
    diagnosis = None if scene.real is None else _diagnosis(scene)
    if diagnosis is not None:
        diagnosis["alarms"] += found.alarms
    pictures = {"samples": scene.samples(), **found.pictures}
    return Report(protocol, scores | found.scores, source, skipped | also_skipped, diagnosis, pictures)


def _held_out(reference: str, fake: FakeImages) -> Callable[[], DataImages] | None:
    """What opens the test split of a reference of which another split is looked at."""
    if (
        reference.endswith(".npz")
        or separate_split(reference)[1] is not None
        or "test" not in available_splits(reference)
    ):
        return None
    size, channels = _shape(fake)
    return lambda: open_data(f"{reference}@test", size, channels, None, False, upscale=True)


def _classes(fake: FakeImages, real: DataImages | None) -> Classes | None:
    """The labels of both sides, where both have labels of the same classes."""
    if real is None or real.labels is None or fake.labels is None:
        return None
    names = real.dataset.class_names
    if isinstance(fake, DataImages):
        alike = fake.dataset.class_names == names
    else:
        able = fake.pipeline.capabilities
        alike = able.num_classes == len(names) and not able.found_classes
    return Classes(fake.labels, real.labels, names) if alike else None


def open_reference(dataset: ImageDataset) -> DataImages:
    """A data set that is open already, without the mirrored copies that training may add."""
    return DataImages(replace(dataset, flip=False), len(dataset.images))


def score(
    fakes: ModelImages, real: DataImages, eyes: Extractor, names: list[str], *, source: dict[str, Any], seed: int = 0
) -> Report:
    """The scores of images of a model at hand, measured by one process, with their protocol. source: what the report
    says of the model.
    """
    seen, made = reference_features(real, eyes, False, alone=True), extract(fakes, eyes, "", False, alone=True)
    scene = Scene(fakes, real, eyes, Tables(made, seen, seed, classes=_classes(fakes, real)), alone=True)
    return _report(scene, names, _protocol(fakes, real, real.dataset.name, eyes, seed), source)


def _diagnosis(scene: Scene) -> dict[str, Any] | None:
    """Signs of collapse, as JSON holds them. Classes are looked at where a classifier made for such images sees them."""
    if min(len(scene.fakes), len(scene.real)) < LEAST:
        return None
    made, seen = scene.tables.fake, scene.tables.real
    logits = (made.logits, seen.logits) if scene.eyes.image_size is not None else None
    pixels = scene.fake_pixels, scene.real_pixels
    found = asdict(diagnose(*pixels, features=(made.values, seen.values), logits=logits, seed=scene.tables.seed))
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


def _open(
    source: str, reference: str | Statistics, eyes: Extractor, num: int | None, seed: int, progress: bool
) -> Sides:
    """Both sides at one size, with everything that could be wrong found before features are computed."""
    model = open_model(source, 1, seed, compute_device()) if is_model(source) else None
    if model is not None:
        size, channels = model.image_size, model.image_channels
    else:
        size, channels = min(natural_size(source), eyes.image_size or LARGEST), None
    fake = None if model is not None else open_data(source, size, channels, num, progress)
    channels = channels or fake.dataset.image_channels
    eyes.check(channels)
    known = reference if isinstance(reference, Statistics) else None
    real = (
        None if known is not None else open_data(reference, size, channels, None, progress, upscale=model is not None)
    )
    if model is not None:
        most = MOST if real is None else min(MOST, len(real))
        fake = ModelImages(model.pipeline, num or most, seed, size, channels)
    return Sides(fake, real, known)


def _protocol(fake: FakeImages, real: DataImages | None, reference: str, eyes: Extractor, seed: int) -> dict[str, Any]:
    """Everything that the numbers depend on besides the images that are scored."""
    size, channels = _shape(fake)
    smaller = min(len(fake), 0 if real is None else len(real))
    return {
        "extractor": eyes.name,
        "extractor_sha256": eyes.sha256,
        "layer": eyes.layer,
        "resize": "none" if eyes.image_size == size else eyes.resize,
        **eyes.facts,
        "image_size": size,
        "image_channels": channels,
        "channels": "grey is repeated where the extractor takes colour",
        "precision": "float32",
        "batch_size": BATCH,
        "num_fake": len(fake),
        "num_real": 0 if real is None else len(real),
        "reference": separate_split(reference)[0],
        "reference_fingerprint": "statistics" if real is None else real.dataset.fingerprint,
        "split": "unknown" if real is None else real.dataset.split,
        "seed": seed,
        "kid": {"subsets": KID_SUBSETS, "subset_size": min(LARGEST_KID_SUBSET, smaller // 2)},
        "inception_score_splits": SPLITS,
        "neighbours": {"precision": NEIGHBOURS, "density": BALLS},
        "perceptual_path_length": path_facts(len(fake)),
        "audited": min(AUDITED, len(fake)),
        "bootstrap": REPEATS,
        "torch_fidelity": VERSION,
    }


def _shape(images: FakeImages) -> tuple[int, int]:
    holder = images if isinstance(images, ModelImages) else images.dataset
    return holder.image_size, holder.image_channels


def _described(source: str, images: FakeImages) -> dict[str, Any]:
    """What was scored, and on what."""
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    if isinstance(images, DataImages):
        return {"data": source, "split": images.dataset.split, "fingerprint": images.dataset.fingerprint, **versions}
    pipeline = images.pipeline
    ours = (
        {"model": pipeline.model_name, "revision": pipeline.revision}
        if hasattr(pipeline, "capabilities")
        else {"model": source}
    )
    return {**ours, "weights": _weights(source), **versions}


def _weights(source: str) -> str:
    """Which weights of a run its pipeline holds."""
    recipe = Path(source).expanduser() / "recipe.json"
    if not recipe.is_file():
        return "as published"
    half_life = json.loads(recipe.read_text(encoding="utf-8"))["fields"]["ema_half_life"]
    return f"last, average with a half-life of {half_life} images" if half_life else "last"
