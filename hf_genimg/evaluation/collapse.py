"""Has a generator collapsed? Mode dropping, near-duplicates, low diversity, labels that are ignored, a discriminator
that is certain.

Every limit is set against the reference itself and allows for chance, so that fresh real images raise no alarm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from scipy.stats import binom

from .readers import Reading, disagreement, read_by_extractor

CERTAINTY = 0.001  # how often all classes together may raise a false alarm
MISSING = 0.5  # a class that is sampled less often than this part of its share in the reference counts as dropped
UNBALANCED = 0.2  # total variation beyond what chance explains
CLOSE = 0.01  # the part of the reference's images whose nearest other image is this close: what a near-duplicate is
DUPLICATES = 5 * CLOSE  # the part of the samples that may be as close as that
LEAST_VARIANCE = 0.4  # of the reference's
AGREEING, AGREEING_IN_CLASS = 0.8, 0.5  # label agreement, overall and of each class, over that on real images
SATURATED, CERTAIN_LOGIT = 0.95, 4.0  # the part of decisions beyond a logit that is 98.2 percent sure
LEAST = 32  # images on either side
MOST = 2000  # images whose distances are compared
THUMBNAIL = 16  # pixels a side that images are reduced to before distances are taken


@dataclass(frozen=True)
class Diagnosis:
    """What was found; None where it could not be measured.

    shares, reference_shares: how often each class is read on samples and on the reference, float [K], the mean of all
    readers. lost: classes that are dropped. imbalance: total variation between the two, 0 to 1. disagreement,
    reference_disagreement: the part of samples, and of the reference, on which two readers find unlike classes.
    duplicate_rate: the part of samples that have a near-duplicate. variance_ratio: of the features, samples over
    reference. saturation: the part of the discriminator's decisions that are right and certain. alarms: a sentence
    each; none when healthy.
    """

    duplicate_rate: float
    variance_ratio: float
    shares: tuple[float, ...] | None = None
    reference_shares: tuple[float, ...] | None = None
    lost: tuple[int, ...] | None = None
    imbalance: float | None = None
    disagreement: float | None = None
    reference_disagreement: float | None = None
    saturation: float | None = None
    alarms: tuple[str, ...] = ()


def diagnose(
    pixels: np.ndarray,
    reference_pixels: np.ndarray,
    *,
    features: tuple[np.ndarray, np.ndarray] | None = None,
    logits: tuple[np.ndarray, np.ndarray] | None = None,
    readings: Sequence[Reading] = (),
    discriminator_logits: tuple[np.ndarray, np.ndarray] | None = None,
    seed: int = 0,
) -> Diagnosis:
    """Compare samples with a reference.

    Args:
        pixels, reference_pixels: uint8 [M, H, W, C] and [N, H, W, C]; both at least 32 images.
        features: float [M, D] and [N, D]; the reduced pixels when left out.
        logits: a classifier's, float [M, K] and [N, K], in place of readings.
        readings: the classes of both sides by one reader or two.
        discriminator_logits: on samples and on real images, positive for "real".
        seed: of the images whose distances are compared, and of the simulated chance.

    Raises:
        ValueError: fewer than 32 images on a side.
    """
    fewest = min(len(pixels), len(reference_pixels))
    if fewest < LEAST:
        raise ValueError(f"{fewest} images are too few for a diagnosis; use {LEAST} or more on both sides")
    rng = np.random.default_rng(seed)
    small = _thumbnails(pixels), _thumbnails(reference_pixels)
    duplicates = _duplicate_rate(*small, rng)
    variance = _variance_ratio(*(features or small))
    readings = list(readings) if logits is None else [read_by_extractor(*logits, None)]
    counted = _classes(readings, rng) if readings else None
    saturation = None if discriminator_logits is None else _saturation(*discriminator_logits)
    found = [*_alarms_of_images(duplicates, variance, min(len(pixels), MOST)), *(counted["alarms"] if counted else ())]
    if saturation is not None and saturation > SATURATED:
        found.append(
            f"the discriminator is certain in {saturation:.0%} of its decisions, so the generator learns next to "
            "nothing from it"
        )
    classes = {name: value for name, value in (counted or {}).items() if name != "alarms"}
    return Diagnosis(duplicates, variance, **classes, saturation=saturation, alarms=tuple(found))


def _thumbnails(pixels: np.ndarray) -> np.ndarray:
    """float32 [N, D]: images averaged down to 16 pixels a side, where they are larger."""
    images = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float().div(255)
    side = min(THUMBNAIL, *images.shape[2:])
    return F.adaptive_avg_pool2d(images, side).flatten(1).numpy()


def _duplicate_rate(samples: np.ndarray, reference: np.ndarray, rng: np.random.Generator) -> float:
    """The part of samples with another as near as only the nearest percent of the reference has one.

    Equally many of both are compared, since more images lie closer; and distances are taken in units of each set's own
    median distance, since smooth images lie closer too.
    """
    count = min(len(samples), len(reference), MOST)
    draws = range(
        max(1, MOST // count)
    )  # of the reference, for few images say little about how near one percent of them lie
    theirs = np.concatenate([_nearest(reference[rng.choice(len(reference), count, replace=False)]) for _ in draws])
    ours = _nearest(samples[rng.choice(len(samples), count, replace=False)])
    return float((ours < np.quantile(theirs, CLOSE)).mean())


def _nearest(rows: np.ndarray) -> np.ndarray:
    """For each row its distance to the nearest other one, over the median of all distances; zeros where all rows are
    one.
    """
    distances = torch.cdist(torch.from_numpy(rows).double(), torch.from_numpy(rows).double())
    others = distances[~torch.eye(len(rows), dtype=torch.bool)].view(len(rows), -1)
    median = others.median()
    return (others.amin(1) / median).numpy() if median > 0 else np.zeros(len(rows))


def _variance_ratio(samples: np.ndarray, reference: np.ndarray) -> float:
    """The trace of the samples' covariance over that of the reference's."""
    whole = reference.astype(np.float64).var(0).sum()
    return float(samples.astype(np.float64).var(0).sum() / whole) if whole > 0 else 1.0


def _alarms_of_images(duplicates: float, variance: float, count: int) -> list[str]:
    found = []
    pairs = round(duplicates * count)
    if duplicates > DUPLICATES and binom.sf(pairs - 1, count, 2 * CLOSE) < CERTAINTY:
        found.append(
            f"{duplicates:.1%} of the images have a near-duplicate among them, against {CLOSE:.0%} of real images"
        )
    if variance < LEAST_VARIANCE:
        found.append(f"low diversity: the variance of the features is {variance:.2f} of the reference's")
    return found


def _classes(readings: list[Reading], rng: np.random.Generator) -> dict:
    """Shares of the classes, the mean of all readers, and what they mean."""
    classes, count = readings[0].classes, min(len(reading.fake) for reading in readings)
    made = np.mean([_shares(reading.fake, classes) for reading in readings], axis=0)
    expected = np.mean([_shares(reading.real, classes) for reading in readings], axis=0)
    improbable = binom.cdf(np.floor(made * count), count, expected) < CERTAINTY / classes
    lost = np.flatnonzero((made < MISSING * expected) & improbable)
    imbalance = float(np.abs(made - expected).sum() / 2)
    by_chance = np.abs(rng.multinomial(count, expected / expected.sum(), 2000) / count - expected).sum(1) / 2
    alarms = []
    if len(lost):
        named = ", ".join(f"{number} ({made[number]:.1%}, there {expected[number]:.1%})" for number in lost)
        alarms.append(f"mode dropping: classes that are sampled less than half as often as in the reference: {named}")
    if imbalance > UNBALANCED + np.quantile(by_chance, 1 - CERTAINTY):
        alarms.append(
            f"classes are made in other proportions than they have in the reference (total variation {imbalance:.2f})"
        )
    unlike = disagreement(readings)
    return {
        "shares": tuple(made.tolist()),
        "reference_shares": tuple(expected.tolist()),
        "lost": tuple(lost.tolist()),
        "imbalance": imbalance,
        "disagreement": unlike and unlike[0],
        "reference_disagreement": unlike and unlike[1],
        "alarms": alarms,
    }


def _shares(found: np.ndarray, classes: int) -> np.ndarray:
    return np.bincount(found, minlength=classes) / len(found)


def agreement_alarms(readings: Sequence[Reading], labels: np.ndarray, names: Sequence[str]) -> list[str]:
    """What to warn of where images are read as other classes than they are conditioned on.

    readings: with their accuracy on real images; the mean of all counts. labels: int64 [M], what the fakes are
    conditioned on.
    """
    right = [reading.fake == labels[: len(reading.fake)] for reading in readings]
    usual = float(np.mean([reading.accuracy for reading in readings]))
    agreement = float(np.mean([part.mean() for part in right]))
    alarms = []
    if agreement < AGREEING * usual:
        alarms.append(
            f"label agreement: {agreement:.0%} of the images are read as the class that they are conditioned on, "
            f"against {usual:.0%} of real images"
        )
    ignored = []
    for number, name in enumerate(names):
        parts = [part[labels[: len(part)] == number] for part in right]
        if all(len(part) for part in parts):
            share, least = float(np.mean([part.mean() for part in parts])), min(map(len, parts))
            if share < AGREEING_IN_CLASS * usual and binom.cdf(share * least, least, usual) < CERTAINTY / len(names):
                ignored.append(f"{name} ({share:.0%})")
    if ignored:
        alarms.append(f"label agreement: classes that are mostly read as others: {', '.join(ignored)}")
    return alarms


def _saturation(fake: np.ndarray, real: np.ndarray) -> float:
    """The part of all decisions that are right and certain, fakes and real images counting the same."""
    return float(((fake < -CERTAIN_LOGIT).mean() + (real > CERTAIN_LOGIT).mean()) / 2)
