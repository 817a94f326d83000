"""Metrics that need the images or the model itself, beside the features of both sides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch

from ..pipelines.images import grid, to_pil
from .discriminator import discriminator_accuracy
from .feature_cache import reference_features
from .features import BATCH, Extractor
from .fidelity import TorchFidelityExtractor
from .memorization import CALIBRATION, ImageSet, audit, picture
from .metrics import MEMORIZATION, OF_DISCRIMINATOR, ON_IMAGES, PATH_LENGTH, Scores, Tables
from .path_length import MOST_PATHS, mean_length, path_lengths
from .scores import Score, proportion
from .sources import DataImages, FakeImages, ModelImages

AUDITED = 1000  # fakes that are compared with all training images
SHOWN = 2000  # first images of a side that are held as pixels
IN_GRID = 64
SUSPECTS = 8  # rows of the picture of nearest neighbours


@dataclass(frozen=True)
class Comparison:
    """Both sides with their features. held_out: opens real images that were not trained on, where there are such."""

    fakes: FakeImages
    real: DataImages | None
    extractor: Extractor
    tables: Tables
    held_out: Callable[[], DataImages] | None = None
    alone: bool = False  # one process measures, whatever was launched

    @cached_property
    def fake_pixels(self) -> np.ndarray:
        """uint8 [n, H, W, C]: the first fakes."""
        return first_pixels(self.fakes, SHOWN)

    @cached_property
    def real_pixels(self) -> np.ndarray:
        """uint8 [n, H, W, C]: the first real images."""
        return first_pixels(self.real, SHOWN)

    def samples(self) -> Any:
        """A grid of the first fakes, as a PIL image."""
        return grid(to_pil(torch.from_numpy(self.fake_pixels[:IN_GRID])))


@dataclass(frozen=True)
class Found:
    """What a metric found: scores, what to warn of, and pictures by what they show."""

    scores: Scores
    alarms: list[str] = field(default_factory=list)
    pictures: dict[str, Any] = field(default_factory=dict)


def first_pixels(images: FakeImages, most: int) -> np.ndarray:
    """uint8 [n, H, W, C]: the first images, at most so many."""
    count = min(len(images), most)
    return torch.cat([images.batch(start, min(start + BATCH, count)).cpu() for start in range(0, count, BATCH)]).numpy()


def discriminator_scores(comparison: Comparison) -> Found:
    """The accuracy of the model's own discriminator on both sides and on the test split of the reference."""
    of_noise = isinstance(comparison.fakes, ModelImages)
    discriminator = getattr(comparison.fakes.pipeline, "discriminator", None) if of_noise else None
    if discriminator is None or comparison.real is None:
        raise ValueError(
            f"{OF_DISCRIMINATOR} needs a model that keeps its discriminator, and DATA as --reference; leave it out"
        )
    if discriminator.config.get("boundary", 0) is None:
        raise ValueError(
            f"{OF_DISCRIMINATOR} needs a discriminator that says real or fake, and the logits of this one only "
            "compare; leave it out"
        )
    if discriminator.config.get("num_classes"):
        raise ValueError(f"{OF_DISCRIMINATOR} needs an unconditional discriminator; leave it out")
    held_out = None if comparison.held_out is None else comparison.held_out()
    return Found(discriminator_accuracy(discriminator, comparison.fakes, comparison.real, held_out))


def memorization(comparison: Comparison) -> Found:
    """Copies of the reference among the fakes, as if it were what the model was trained on."""
    if not isinstance(comparison.real, DataImages):
        raise ValueError(
            f"{MEMORIZATION} needs the reference's images, and an .npz holds statistics only; give DATA as --reference"
        )
    samples = ImageSet(comparison.fake_pixels[:AUDITED], comparison.tables.fake.values[:AUDITED])
    training = ImageSet(
        np.asarray(comparison.real.dataset.images[: len(comparison.real)]), comparison.tables.real.values
    )
    held_out = None if comparison.held_out is None else _image_set(comparison.held_out(), comparison)
    found = audit(samples, training, held_out, comparison.tables.seed)
    copies = proportion(len(found.copies), len(samples))
    calibrated = min(CALIBRATION, len(training if held_out is None else held_out))
    real = proportion(round(found.real_share * calibrated), calibrated)
    note = f"of {len(samples):,} images; of real images that were not trained on, {found.real_share:.1%} look so"
    scores = {
        "copies": Score(copies.value, copies.low, copies.high, note),
        "authentic_percent": Score(found.authentic_percent),
    }
    if found.gap is not None:
        scores["memorization_gap"] = found.gap
    alarms = (
        [f"{copies.value:.1%} of the images are copies of images of the reference"] if copies.low > real.high else []
    )
    return Found(scores, alarms, {"neighbours": picture(found, samples.pixels, training.pixels, SUSPECTS)})


def _image_set(images: DataImages, comparison: Comparison) -> ImageSet:
    return ImageSet(
        np.asarray(images.dataset.images[: len(images)]),
        reference_features(images, comparison.extractor, False, comparison.alone).values,
    )


def path_length(comparison: Comparison) -> Found:
    """Perceptual path length, through the latents of the model, in the space of the extractor."""
    config = getattr(getattr(getattr(comparison.fakes, "pipeline", None), "network", None), "config", {})
    if not isinstance(comparison.fakes, ModelImages) or "latent_dim" not in config:
        raise ValueError(f"{PATH_LENGTH} needs a model of this package that makes images from latents; leave it out")
    if type(comparison.extractor) is TorchFidelityExtractor:
        raise ValueError(
            f"{PATH_LENGTH} needs an extractor that takes levels between the whole ones, and "
            f"{comparison.extractor.name} does not"
        )
    count = min(len(comparison.fakes), MOST_PATHS)
    if count < 100:
        raise ValueError(
            f"{count} paths are too few for {PATH_LENGTH}, of which the longest and shortest percent are left out; "
            "use 100 or more"
        )
    return Found(
        {
            PATH_LENGTH: mean_length(
                path_lengths(comparison.fakes.pipeline, comparison.extractor, count, comparison.fakes.seed)
            )
        }
    )


_MEASURES = {OF_DISCRIMINATOR: discriminator_scores, MEMORIZATION: memorization, PATH_LENGTH: path_length}


def measure_images(comparison: Comparison, names: list[str] | None) -> tuple[Found, dict[str, str]]:
    """(what was found, why others are missing). Of DATA only what is named: it is no model that could have copied
    anything.
    """
    found, skipped = Found({}), {}
    usual = ON_IMAGES if isinstance(comparison.fakes, ModelImages) else ()
    for name in dict.fromkeys(name for name in names or usual if name in ON_IMAGES):
        try:
            more = _MEASURES[name](comparison)
        except ValueError as error:
            if names:
                raise
            skipped[name] = str(error)
        else:
            found = Found(
                {**found.scores, **more.scores}, found.alarms + more.alarms, {**found.pictures, **more.pictures}
            )
    return found, skipped
