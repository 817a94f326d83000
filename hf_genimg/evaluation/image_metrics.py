"""Metrics that need the images or the model itself, beside the features of both sides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch

from ..pipelines.images import grid, to_pil
from ..pipelines.reconstruction import ImageReconstructionPipeline
from .discriminator import discriminator_accuracy
from .feature_cache import reference_features
from .features import BATCH, Extractor, extract
from .fidelity import TorchFidelityExtractor
from .membership import attack_by_discriminator, attack_by_distance
from .memorization import CALIBRATION, ImageSet, audit, picture
from .metrics import (
    LABEL_AGREEMENT,
    MEMBERSHIP,
    MEMORIZATION,
    OF_DISCRIMINATOR,
    ON_IMAGES,
    PATH_LENGTH,
    WITHOUT_PRIOR,
    Scores,
    Tables,
    fid,
)
from .path_length import MOST_PATHS, mean_length, path_lengths
from .readers import LEAST_ACCURACY, PIXELS, Reading, read_by_extractor, read_by_pixels
from .scores import Score, proportion
from .sources import DataImages, FakeImages, ModelImages

AUDITED = 1000  # fakes that are compared with all training images
SHOWN = 2000  # first images of a side that are held as pixels
IN_GRID = 64
TELLS = 0.6  # an area under the ROC curve above which, with its interval, an alarm is raised
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
    def real_rows(self) -> np.ndarray:
        """int64 [n]: the real images that are held as pixels, spread over all: data are often sorted by class."""
        return np.linspace(0, len(self.real) - 1, min(len(self.real), SHOWN)).astype(np.int64)

    @cached_property
    def real_pixels(self) -> np.ndarray:
        """uint8 [n, H, W, C]: these real images."""
        return np.asarray(self.real.dataset.images[self.real_rows])

    @cached_property
    def readings(self) -> list[Reading]:
        """The classes of both sides: by the extractor where it is a classifier of such images, and by pixels where the
        reference has labels.
        """
        fake, real, labels = self.tables.fake.logits, self.tables.real.logits, self.real.labels
        names = self.real.dataset.class_names or ()
        found = []
        if fake is not None and self.extractor.image_size is not None:
            same = labels is not None and fake.shape[1] == len(names)
            found = [read_by_extractor(fake, real, labels if same else None)]
        if labels is None or (found and (found[0].accuracy or 0) < LEAST_ACCURACY):
            return found  # classes of its own: no second reader can confirm them
        given = self.real_pixels, labels[self.real_rows], self.real_rows
        second = read_by_pixels(self.fake_pixels, *given, len(names), self.tables.seed)
        return found if second is None else [*found, second]

    @property
    def accurate_readings(self) -> list[Reading]:
        """Those that find the labels of real images."""
        return [reading for reading in self.readings if (reading.accuracy or 0) >= LEAST_ACCURACY]

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
    if discriminator.config.get("in_channels"):
        raise ValueError(
            f"{OF_DISCRIMINATOR} needs a discriminator of images, and this one takes feature maps; leave it out"
        )
    if discriminator.config.get("boundary", 0) is None:
        raise ValueError(
            f"{OF_DISCRIMINATOR} needs a discriminator that says real or fake, and the logits of this one only "
            "compare; leave it out"
        )
    if discriminator.conditions:
        raise ValueError(f"{OF_DISCRIMINATOR} needs an unconditional discriminator; leave it out")
    if comparison.fakes.image_channels == 4:
        raise ValueError(f"{OF_DISCRIMINATOR} needs images without transparency; leave it out")
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


def membership(comparison: Comparison) -> Found:
    """Whether the model gives away what it was trained on, as if that were the reference."""
    if comparison.held_out is None or comparison.real is None:
        raise ValueError(
            f"{MEMBERSHIP} needs images that were not trained on; give DATA with a test split as --reference, without "
            "@split"
        )
    held_out, tables = comparison.held_out(), comparison.tables
    theirs = reference_features(held_out, comparison.extractor, False, comparison.alone).values
    scores = attack_by_distance(tables.fake.values, tables.real.values, theirs, tables.seed)
    discriminator = getattr(getattr(comparison.fakes, "pipeline", None), "discriminator", None)
    if discriminator is not None and not discriminator.config.get("in_channels") and not discriminator.conditions:
        scores |= attack_by_discriminator(discriminator, comparison.real, held_out, tables.seed)
    of_data = scores["membership_auc_of_data"].value if "membership_auc_of_data" in scores else 0.5
    alarms = [
        f"training images can be distinguished from others ({name} {score.value:.2f}, {score.low:.2f} to "
        f"{score.high:.2f}; 0.5 is guessing)"
        for name, score in scores.items()
        if name.endswith("_auc") and score.low > max(TELLS, of_data if name == "membership_auc" else 0)
    ]
    return Found(scores, alarms)


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
    if comparison.fakes.prompts is not None:
        raise ValueError(f"{PATH_LENGTH} is not measured of models that are conditioned on text; leave it out")
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


def label_agreement(comparison: Comparison) -> Found:
    """How many images of a conditional model are read as the class that they are conditioned on, by each reader."""
    classes = comparison.tables.classes
    if not isinstance(comparison.fakes, ModelImages) or classes is None:
        raise ValueError(
            f"{LABEL_AGREEMENT} needs a conditional model, and DATA with labels of its classes as --reference"
        )
    readings = comparison.accurate_readings
    if not readings:
        raise ValueError(
            f"{LABEL_AGREEMENT} needs a reader of classes that is right on {LEAST_ACCURACY:.0%} of the real images, "
            "and there is none; use --extractor with a classifier of these data"
        )
    scores = {}
    for reading in readings:
        labels = classes.fake[: len(reading.fake)]
        found = proportion(int((reading.fake == labels).sum()), len(labels))
        name = f"{LABEL_AGREEMENT}_{PIXELS}" if reading.reader == PIXELS else LABEL_AGREEMENT
        who = "a support vector machine on pixels" if reading.reader == PIXELS else "the extractor"
        note = f"read by {who}, which is right on {reading.accuracy:.1%} of the real images"
        scores[name] = Score(found.value, found.low, found.high, note)
    return Found(scores)


def without_prior(comparison: Comparison) -> Found:
    """The Fréchet distance of as many samples of the autoencoder alone."""
    if not _has_prior(comparison.fakes):
        raise ValueError(f"{WITHOUT_PRIOR} needs an autoencoder with a trained prior; leave it out")
    alone = ImageReconstructionPipeline(autoencoder=comparison.fakes.pipeline.autoencoder)
    alone.set_progress_bar_config(disable=True)
    fakes = replace(comparison.fakes, pipeline=alone)
    features = extract(fakes, comparison.extractor, "samples without the prior", alone=comparison.alone)
    return Found({WITHOUT_PRIOR: fid(replace(comparison.tables, fake=features))["fid"]})


def _has_prior(fakes: FakeImages) -> bool:
    return isinstance(fakes, ModelImages) and getattr(fakes.pipeline, "prior_network", None) is not None


_MEASURES = {
    LABEL_AGREEMENT: label_agreement,
    OF_DISCRIMINATOR: discriminator_scores,
    MEMORIZATION: memorization,
    MEMBERSHIP: membership,
    PATH_LENGTH: path_length,
    WITHOUT_PRIOR: without_prior,
}


def measure_images(comparison: Comparison, names: list[str] | None) -> tuple[Found, dict[str, str]]:
    """(what was found, why others are missing). Of DATA only what is named: it is no model that could memorize."""
    found, skipped = Found({}), {}
    usual = [name for name in ON_IMAGES if name != WITHOUT_PRIOR or _has_prior(comparison.fakes)]
    usual = usual if isinstance(comparison.fakes, ModelImages) else []
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
