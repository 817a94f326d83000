"""`evaluate`: a model or a set of images scored against a reference by an extractor's features, with the protocol."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..data import ImageDataset, available_splits, separate_split
from ..faults import one_line
from .collapse import LEAST, agreement_alarms, diagnose
from .extractors import default_extractor, open_extractor
from .feature_cache import reference_features
from .features import BATCH, Extractor, Features, Progress, compute_device, extract, join_processes, joined
from .fidelity import KID_SUBSETS, LARGEST_KID_SUBSET, NEIGHBOURS, VERSION
from .frechet import REPEATS, Statistics, is_statistics
from .image_metrics import AUDITED, Comparison, measure_images
from .metrics import SPLITS, Classes, Tables, check_counts, chosen_metrics, measure
from .neighbors import BALL_NEIGHBORS
from .path_length import path_facts
from .prompts import NOTE, reference_prompts, takes_text
from .scores import Report
from .sources import (
    MOST,
    DataImages,
    FakeImages,
    ModelImages,
    is_model,
    open_data,
    open_model,
    scoring_size,
    size_of,
    translates,
    with_background,
)
from .translations import Translations, open_translations, recipe_fields
from .transparency import BLACK, WHITE

TRANSPARENT = "over white and over black, their features side by side"
LARGEST = 1024  # pixels a side that data are decoded at where neither model nor extractor sets a size


@dataclass(frozen=True)
class Choices:
    """How data are decoded: pixels a side (None: as the pictures are), and whether bad pictures are left out."""

    image_size: int | None = None
    skip_bad: bool = False


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
    image_size: int | None = None,
    skip_bad: bool = False,
    seed: int = 0,
    progress: Progress = True,
) -> Report:
    """Score a model or a set of images against a reference.

    Args:
        source: MODEL (a run, a pipeline directory or Hub id, also of an unconditional pipeline of diffusers) or DATA.
            A translator translates the inputs of the reference, and is scored against its targets.
        reference: DATA, or an .npz with `mu` and `sigma` of the same extractor, for the Fréchet distance alone.
        metrics: names from `hf-genimg list metrics`; all that can be measured when left out.
        extractor: a name from `hf-genimg list extractors` or a classifier; when left out `digits` for the built-in
            digits, otherwise `inception-v3-compat` where its weights are at hand, otherwise `efficientnet-lite0`.
        extractor_weights: a file for an extractor of torch-fidelity or a named feature network.
        num: how many images of the source; when left out as many as the reference has, at most 50,000 of a model.
        image_size: pixels a side at which DATA are scored; when left out the shorter side of the smallest picture,
            unless that is less than half of the usual one, which is an error.
        skip_bad: leave out pictures of DATA that cannot be read or are smaller than `image_size`.
        seed: of the first image that is sampled, and of subsets and resampling.
        progress: whether bars are shown in the terminal; or a function that is called with what is being done, how many
            images are done, and how many there are.

    In several processes (torchrun) each computes its share of the features, and all return the same report.

    Raises:
        ValueError: for what does not go together, in one line, before any work.
    """
    source, reference = str(source), str(reference)
    names = list(metrics) if metrics else None
    chosen_metrics(names)
    _check(source, reference, {"num": num, "image-size": image_size})
    known = Statistics.load(reference) if is_statistics(reference) else None
    join_processes()
    network = open_extractor(extractor or default_extractor(reference, extractor_weights), extractor_weights)
    choices = Choices(image_size, skip_bad)
    sides = _open(source, known or reference, network, choices, num, seed, progress is True)
    for name in chosen_metrics(names) if names else ():
        check_counts(name, len(sides.fake), None if sides.real is None else len(sides.real))
    described = _described(source, sides.fake)
    network.to(compute_device())
    real = None if sides.real is None else reference_features(sides.real, network, progress)
    fake = fake_features(sides.fake, network, f"features of {source}", progress)
    check_finite(fake, real, source, reference)
    if callable(progress):
        progress("scores", len(fake), len(fake))
    tables = Tables(fake, real, seed, sides.statistics, _classes(sides.fake, sides.real))
    comparison = Comparison(sides.fake, sides.real, network, tables, _held_out(reference, sides.fake))
    protocol = _protocol(sides.fake, sides.real, reference, network, seed)
    return _report(comparison, names, protocol, described)


def _check(source: str, reference: str, counts: Mapping[str, int | None]) -> None:
    """Raise `ValueError` for counts below 1, and where nothing is there, before an extractor is downloaded."""
    for name, value in counts.items():
        if value is not None and value < 1:
            raise ValueError(f"--{name} {value} is not possible; use 1 or more")
    for name in (source, reference):
        if not is_model(name) and not is_statistics(name):
            available_splits(name)


def fake_features(
    images: FakeImages, extractor: Extractor, description: str, progress: Progress = True, alone: bool = False
) -> Features:
    """The features of the images that are scored; those with transparency as `reference_features` has them."""
    both = [images]
    if isinstance(images, ModelImages) and images.image_channels == 4:
        both = [images, replace(images, background=BLACK)]
    if isinstance(images, DataImages) and images.transparent is not None:
        both = [images, images.over(BLACK)]
    found = [extract(each, extractor, description, progress, alone) for each in both]
    return joined(*found) if len(found) > 1 else found[0]


def check_finite(fake: Features, real: Features | None, source: str, reference: str) -> None:
    """Raise `ValueError` that names the side and counts its images where features or logits are not finite."""
    for name, features in ((source, fake), (reference, real)):
        for kind, table in () if features is None else (("features", features.values), ("logits", features.logits)):
            wrong = 0 if table is None else int((~np.isfinite(table)).any(1).sum())
            if wrong:
                raise ValueError(
                    f"the {kind} of {wrong:,} of the {len(features):,} images of {name} are not finite numbers; "
                    "check these images and the extractor's weights, or use another --extractor"
                )


def _report(
    comparison: Comparison, names: list[str] | None, protocol: dict[str, Any], source: dict[str, Any]
) -> Report:
    """Everything that is to be measured of two sides whose features are there."""
    scores, skipped = measure(comparison.tables, names)
    found, also_skipped = measure_images(comparison, names)
    diagnosis = (
        None if comparison.real is None or isinstance(comparison.fakes, Translations) else _diagnosis(comparison)
    )
    if diagnosis is not None:
        diagnosis["alarms"] += found.alarms
    pictures = {"samples": comparison.samples(), **found.pictures}
    return Report(protocol, scores | found.scores, source, skipped | also_skipped, diagnosis, pictures)


def _held_out(reference: str, fake: FakeImages) -> Callable[[], DataImages] | None:
    """A function that opens the test split of a reference of which another split is used."""
    if (
        is_statistics(reference)
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
    return with_background(replace(dataset, flip=False), len(dataset.images), WHITE)


def score(
    fakes: FakeImages,
    real: DataImages,
    extractor: Extractor,
    names: list[str],
    *,
    source: dict[str, Any],
    seed: int = 0,
) -> Report:
    """The scores of a model in memory, measured by one process, with their protocol. source: the report's own facts."""
    features = (
        reference_features(real, extractor, False, alone=True),
        fake_features(fakes, extractor, "", False, alone=True),
    )
    check_finite(features[1], features[0], "the model", real.dataset.name)
    tables = Tables(features[1], features[0], seed, classes=_classes(fakes, real))
    comparison = Comparison(fakes, real, extractor, tables, alone=True)
    return _report(comparison, names, _protocol(fakes, real, real.dataset.name, extractor, seed), source)


def _diagnosis(comparison: Comparison) -> dict[str, Any] | None:
    """Signs of collapse, as JSON holds them. Class shares are measured by an extractor that is a classifier of such
    images.
    """
    if min(len(comparison.fakes), len(comparison.real)) < LEAST:
        return None
    fake, real = comparison.tables.fake, comparison.tables.real
    pixels = comparison.fake_pixels, comparison.real_pixels
    given = {"features": (fake.values, real.values), "readings": comparison.readings, "seed": comparison.tables.seed}
    found = asdict(diagnose(*pixels, **given))
    classes, readings = comparison.tables.classes, comparison.accurate_readings
    if classes is not None and readings and isinstance(comparison.fakes, ModelImages):
        found["alarms"] += tuple(agreement_alarms(readings, classes.fake, classes.names))
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


def _open(
    source: str,
    reference: str | Statistics,
    extractor: Extractor,
    choices: Choices,
    num: int | None,
    seed: int,
    progress: bool,
) -> Sides:
    """Both sides at one size, with everything that could be wrong found before features are computed."""
    known = reference if isinstance(reference, Statistics) else None
    how = {"progress": progress, "skip_bad": choices.skip_bad}
    if not is_model(source):
        size = choices.image_size or min(scoring_size(source), extractor.image_size or LARGEST)
        images = open_data(source, size, None, num, **how)
        extractor.check(images.dataset.image_channels)
        real = None if known else open_data(reference, size, images.dataset.image_channels, None, **how)
        return Sides(images, real, known)
    if choices.image_size is not None:
        raise ValueError(f"--image-size {choices.image_size} is for DATA, and {source} is a model; leave it out")
    pipeline = open_model(source, compute_device())
    if translates(pipeline):
        return _open_translations(pipeline, source, reference, extractor, num)
    size, channels = size_of(pipeline, source)
    extractor.check(min(3, channels))
    real = None if known else open_data(reference, size, channels, None, upscale=True, **how)
    if known is not None and takes_text(pipeline):
        raise ValueError(f"{source} makes images of texts, and an .npz holds none; give DATA with captions")
    count = num or min(MOST, len(real or range(MOST)))
    prompts = reference_prompts(pipeline, reference, count, seed)
    return Sides(ModelImages(pipeline, count, seed, size, channels, prompts=prompts), real, known)


def _open_translations(
    pipeline: Any, source: str, reference: str | Statistics, extractor: Extractor, num: int | None
) -> Sides:
    """The translations of the inputs of a reference, and its targets."""
    if isinstance(reference, Statistics):
        raise ValueError(f"{source} translates, and an .npz holds no inputs for it; give DATA as --reference")
    translations = open_translations(pipeline, source, reference, num, paired=False)
    extractor.check(translations.image_channels)
    return Sides(translations, open_reference(translations.dataset.targets), None)


def _protocol(
    fake: FakeImages, real: DataImages | None, reference: str, extractor: Extractor, seed: int
) -> dict[str, Any]:
    """Everything that the numbers depend on besides the images that are scored."""
    size, channels = _shape(fake)
    smaller = min(len(fake), 0 if real is None else len(real))
    return {
        "extractor": extractor.name,
        "extractor_sha256": extractor.sha256,
        "layer": extractor.layer,
        "resize": "none" if extractor.image_size == size else extractor.resize,
        **extractor.facts,
        "image_size": size,
        "image_channels": channels,
        "channels": TRANSPARENT if channels == 4 else "grey is repeated where the extractor takes colour",
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
        "neighbours": {"precision": NEIGHBOURS, "density": BALL_NEIGHBORS},
        "perceptual_path_length": path_facts(len(fake)),
        "audited": min(AUDITED, len(fake)),
        "bootstrap": REPEATS,
        "torch_fidelity": VERSION,
        **_condition(fake),
    }


def _condition(fake: FakeImages) -> dict[str, str]:
    """What the images are made of besides noise."""
    if isinstance(fake, Translations):
        return {"condition": "inputs of the reference"}
    return {"condition": NOTE} if isinstance(fake, ModelImages) and fake.prompts is not None else {}


def _shape(images: FakeImages) -> tuple[int, int]:
    holder = images.dataset if isinstance(images, DataImages) else images
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
    fields = recipe_fields(Path(source))
    if not fields:
        return "as published"
    with one_line(f"{source}/recipe.json is damaged"):
        half_life = fields["ema_half_life"]
    return f"last, average with a half-life of {half_life} images" if half_life else "last"
