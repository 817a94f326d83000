"""Every metric: a function of the features of fakes and of real images that returns named scores.

Each raises `ValueError` for fewer images than it needs. Intervals are at 95 percent and say how sure the number is for
samples of this size; they know nothing of a model trained again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .distances import gaussian_kernel_distance, median_distance, monge_distance, vendi_score
from .features import Features
from .fidelity import (
    KID_SUBSETS,
    NEIGHBOURS,
    SMALLEST_KID_SUBSET,
    inception_score,
    kernel_distance,
    kid_subset_size,
    precision_and_recall,
)
from .frechet import (
    IMAGES_A_DIMENSION,
    Statistics,
    distance_at_infinity,
    distance_interval,
    frechet_distance,
    statistics,
)
from .neighbors import BALL_NEIGHBORS, density_and_coverage
from .scores import OF_A_CLASS, Score, Z, proportion

SPLITS = 10  # of the Inception Score, as in its paper
LEAST_IMAGES = {  # on both sides; of others 2
    "kid": 2 * SMALLEST_KID_SUBSET,
    "precision": NEIGHBOURS + 2,
    "density": BALL_NEIGHBORS + 2,
    "diversity": 4,
}
OF_FAKES = ("fid", "vendi", "inception_score")  # measured without images of a reference


@dataclass(frozen=True)
class Classes:
    """Labels of both sides, int64 [M] and [N], and what the classes are called."""

    fake: np.ndarray
    real: np.ndarray
    names: tuple[str, ...]


@dataclass(frozen=True)
class Tables:
    """What metrics are made from. real: None where only statistics of the reference are there. classes: None where
    labels are missing.
    """

    fake: Features
    real: Features | None
    seed: int = 0
    reference: Statistics | None = None
    classes: Classes | None = None

    def both(self, metric: str) -> tuple[np.ndarray, np.ndarray]:
        """The features of both sides; `ValueError` when one has fewer rows than `LEAST_IMAGES`, or the reference only
        its statistics.
        """
        check_counts(metric, len(self.fake), None if self.real is None else len(self.real))
        return self.fake.values, self.real.values


def check_counts(metric: str, fakes: int, reals: int | None) -> None:
    """Raise `ValueError` where one of the functions that measure scores of features cannot with so many images.

    reals: None where only statistics of the reference are there.
    """
    if metric == "inception_score" and fakes < SPLITS:
        raise ValueError(f"{fakes} images are too few for inception_score; use {SPLITS} or more")
    if metric in OF_FAKES:
        return
    if reals is None:
        raise ValueError(
            f"{metric} needs the reference's images, and an .npz holds statistics only; give DATA as --reference"
        )
    fewest, least = min(fakes, reals), LEAST_IMAGES.get(metric, 2)
    if fewest < least:
        raise ValueError(f"{fewest} images are too few for {metric}; use {least} or more on both sides")


Scores = dict[str, Score]


def fid(tables: Tables) -> Scores:
    """Fréchet distance (arXiv:1706.08500); lower is better. Its interval is of the distance without the bias of finite
    samples.
    """
    if len(tables.fake) < 2:
        raise ValueError(f"{len(tables.fake)} image is too few for fid; use 2 or more")
    if tables.real is None:
        fake = statistics(tables.fake.values)
        return {
            "fid": Score(
                frechet_distance(fake, tables.reference), note="no interval: of the reference only statistics are there"
            )
        }
    return {"fid": _distance(*tables.both("fid"), tables.seed)}


def _distance(fake: np.ndarray, real: np.ndarray, seed: int) -> Score:
    value = frechet_distance(statistics(fake), statistics(real))
    least = IMAGES_A_DIMENSION * fake.shape[1]
    if min(len(fake), len(real)) < least:
        return Score(value, note=f"biased upward; an interval needs {least:,} images on both sides")
    return Score(value, *distance_interval(fake, real, seed))


def fid_per_class(tables: Tables) -> Scores:
    """Fréchet distance of each class to the same class of the reference, and their mean; needs labels on both sides;
    lower is better.
    """
    fake, real = tables.both("fid_per_class")
    classes = tables.classes
    if classes is None:
        raise ValueError(
            "fid_per_class needs the same classes on both sides: a conditional model or labelled DATA, and a "
            "labelled reference"
        )
    scores = {}
    for number in np.unique(classes.real).tolist():
        ours, theirs = fake[classes.fake == number], real[classes.real == number]
        if min(len(ours), len(theirs)) < 2:
            raise ValueError(
                f"class {classes.names[number]} has {len(ours)} and {len(theirs)} images, too few for fid_per_class; "
                "use a larger --num"
            )
        scores[f"{OF_A_CLASS}{classes.names[number]}"] = _distance(ours, theirs, tables.seed)
    worst = max(scores, key=lambda name: scores[name].value)
    mean = Score(
        float(np.mean([score.value for score in scores.values()])),
        note=f"mean; the worst is {worst.removeprefix(OF_A_CLASS)}",
    )
    return {"fid_per_class": mean, **scores}


def fid_infinity(tables: Tables) -> Scores:
    """Fréchet distance extrapolated to endlessly many fakes (arXiv:1911.07023); lower is better."""
    fake, real = tables.both("fid_infinity")
    return {"fid_infinity": Score(distance_at_infinity(fake, real, tables.seed))}


def kid(tables: Tables) -> Scores:
    """Kernel distance (arXiv:1801.01401), unbiased; lower is better. Its interval is from the spread of disjoint
    subsets of this size.
    """
    fake, real = tables.both("kid")
    mean, deviation = kernel_distance(fake, real, tables.seed)
    independent = min(len(fake), len(real)) / kid_subset_size(len(fake), len(real))
    error = Z * deviation / math.sqrt(min(independent, KID_SUBSETS))
    return {"kid": Score(mean, mean - error, mean + error)}


def inception(tables: Tables) -> Scores:
    """Inception Score (arXiv:1606.03498) by the extractor's classes; higher is better, and blind to images that are
    copied.
    """
    logits = tables.fake.logits
    if logits is None:
        raise ValueError(
            "inception_score needs an extractor with classes; use digits, a classifier or inception-v3-compat"
        )
    check_counts("inception_score", len(logits), None)
    mean, deviation = inception_score(logits, SPLITS, tables.seed)
    error = Z * deviation / math.sqrt(SPLITS)
    return {"inception_score": Score(mean, mean - error, mean + error)}


def precision(tables: Tables) -> Scores:
    """Improved precision (how many fakes look real) and recall (how much of the real is made) (arXiv:1904.06991);
    higher is better.
    """
    fake, real = tables.both("precision")
    found = precision_and_recall(fake, real)
    precise, recalled = round(found[0] * len(fake)), round(found[1] * len(real))
    return {"precision": proportion(precise, len(fake)), "recall": proportion(recalled, len(real))}


def density(tables: Tables) -> Scores:
    """Density and coverage (arXiv:2002.09797): precision and recall that outliers do not inflate; higher is better."""
    fake, real = tables.both("density")
    dense, covered = density_and_coverage(fake, real)
    return {"density": Score(dense), "coverage": proportion(round(covered * len(real)), len(real))}


def diversity(tables: Tables) -> Scores:
    """Mean distance of two fakes over that of two real images; 1 is as varied as the reference."""
    fake, real = tables.both("diversity")
    rng = np.random.default_rng(tables.seed)
    ours, theirs = _pair_distances(fake, rng), _pair_distances(real, rng)
    if not theirs.any():
        raise ValueError(
            "diversity needs reference images that differ, and their features are all equal; use another reference or "
            "extractor"
        )
    ratio = ours.mean() / theirs.mean()
    error = Z * ratio * math.hypot(*(d.std(ddof=1) / math.sqrt(len(d)) / max(d.mean(), 1e-12) for d in (ours, theirs)))
    return {"diversity": Score(float(ratio), float(ratio - error), float(ratio + error))}


def _pair_distances(features: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Distances of as many pairs as can be made when each row is used once."""
    rows = features[rng.permutation(len(features))].astype(np.float64)
    half = len(rows) // 2
    return np.linalg.norm(rows[:half] - rows[half : 2 * half], axis=1)


def mind(tables: Tables) -> Scores:
    """MIND (arXiv:2605.06797): sliced Wasserstein distance along 1,000 directions; lower is better. 5,000 images rank
    models as well as fid does with 50,000.
    """
    fake, real = tables.both("mind")
    return {"mind": Score(monge_distance(fake, real, tables.seed))}


def kid_rbf(tables: Tables) -> Scores:
    """Kernel distance with a Gaussian kernel as wide as the median distance of two real images, unbiased, times 1,000;
    lower is better.
    """
    fake, real = tables.both("kid_rbf")
    sigma = median_distance(real, tables.seed)
    if sigma == 0:
        raise ValueError("kid_rbf needs reference images whose features differ; use another reference or extractor")
    return {"kid_rbf": Score(gaussian_kernel_distance(fake, real, sigma), note=f"kernel of width {sigma:.4g}")}


def vendi(tables: Tables) -> Scores:
    """Vendi score (arXiv:2210.02410): the effective number of different fakes among 2,000, which no reference enters;
    higher is more varied.
    """
    if len(tables.fake) < 2:
        raise ValueError(f"{len(tables.fake)} image is too few for vendi; use 2 or more")
    value = vendi_score(tables.fake.values, tables.seed)
    theirs = None if tables.real is None else vendi_score(tables.real.values, tables.seed)
    return {"vendi": Score(value, note=None if theirs is None else f"of the reference {theirs:.4g}")}


METRICS: dict[str, Callable[[Tables], Scores]] = {
    "fid": fid,
    "fid_infinity": fid_infinity,
    "kid": kid,
    "inception_score": inception,
    "precision": precision,
    "density": density,
    "diversity": diversity,
    "mind": mind,
    "kid_rbf": kid_rbf,
    "vendi": vendi,
    "fid_per_class": fid_per_class,
}
OF_DISCRIMINATOR, MEMORIZATION, PATH_LENGTH = "discriminator_accuracy", "memorization", "perceptual_path_length"
LABEL_AGREEMENT, MEMBERSHIP, WITHOUT_PRIOR = "label_agreement", "membership", "fid_without_prior"
ON_IMAGES = {  # measured on images or through the model, not on features alone: see image_metrics.py
    OF_DISCRIMINATOR: "accuracy of the model's own discriminator on fakes, training and held-out images; 0.5: balanced",
    MEMORIZATION: "copies of images of the reference among the fakes, AuthPct (arXiv:2102.08921), and by how much "
    "fakes are nearer to the reference than to its test split; of 1,000 fakes at most",
    MEMBERSHIP: "how well an attacker tells training images from held-out ones, by their nearest fake and by the "
    "discriminator: area under the ROC curve (0.5 is guessing), and training images found at 1 % false alarms",
    LABEL_AGREEMENT: "of a conditional model, how many images are read as their class: by the extractor where it is a "
    "classifier, and by a support vector machine on pixels (label_agreement_pixels); higher is better",
    WITHOUT_PRIOR: "of an autoencoder with a prior that was trained afterwards, the Fréchet distance of samples of its "
    "own prior; what the trained one is good for",
    PATH_LENGTH: "how fast features move along the generator's latents (arXiv:1812.04948); lower is smoother",
}
LPIPS, PERCEPTUAL = "lpips", "perceptual"
PAIRED_METRICS = {  # of images and their targets: see paired.py
    "psnr": "peak signal-to-noise ratio in decibels, of pairs (--paired); higher is better",
    "ssim": "structural similarity (Wang et al. 2004), of pairs; higher is better",
    "ms_ssim": "structural similarity at several scales (Wang et al. 2003), of pairs; higher is better",
    "psnr_y": "PSNR of the luma (BT.601) without a border as wide as the model's scale, as super-resolution reports "
    "it, of "
    "pairs; `psnr_y:4` leaves out 4 pixels",
    "ssim_y": "SSIM of the luma likewise, of pairs",
    LPIPS: "perceptual distance (arXiv:1801.03924) by the backbone in --extractor-weights, of pairs; lower is better",
    PERCEPTUAL: "perceptual distance by the feature network in --extractor, at all its taps, of pairs; lower is better",
}
PARTNERS = {"recall": "precision", "coverage": "density"}  # what one function measures together


def describe_metrics() -> list[tuple[str, str]]:
    """(name, one line about it) for each metric that `--metrics` takes."""
    of_features = ((name, " ".join((metric.__doc__ or "").split())) for name, metric in METRICS.items())
    return [*of_features, *ON_IMAGES.items(), *PAIRED_METRICS.items()]


def is_paired_metric(name: str) -> bool:
    """Whether `name`, of `--metrics`, compares images with their targets."""
    return name.partition(":")[0] in PAIRED_METRICS


def chosen_metrics(names: list[str] | None) -> list[str]:
    """The functions that measure `names`, each once; all where none are named. `ValueError` for a name that is none."""
    unknown = [name for name in names or () if name not in METRICS and name not in PARTNERS and name not in ON_IMAGES]
    for name in filter(is_paired_metric, unknown):
        raise ValueError(f"--metrics {name} compares pairs of images; add --paired, or leave it out")
    if unknown:
        raise ValueError(
            f"--metrics {unknown[0]} is not known; use some of {', '.join([*METRICS, *PARTNERS, *ON_IMAGES])}, "
            "joined with commas"
        )
    chosen = [PARTNERS.get(name, name) for name in names if name not in ON_IMAGES] if names else METRICS
    return list(dict.fromkeys(chosen))


def measure(tables: Tables, names: list[str] | None) -> tuple[Scores, dict[str, str]]:
    """(scores, why others are missing). A metric that cannot be measured is an error where it was named, and left out
    among all.
    """
    found: Scores = {}
    skipped = {}
    for name in chosen_metrics(names):
        try:
            found |= METRICS[name](tables)
        except ValueError as error:
            if names:
                raise
            skipped[name] = str(error)
    return found, skipped
