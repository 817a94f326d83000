"""Does a generator copy its training images? A memory audit of pixels and features.

How near a copy is differs from set to set, so the audit finds it out from the images themselves. The closeness of an
image to the training set is its pixel distance to the nearest training image over the median of those to the
`NEIGHBOURS` nearest, an adaptive measure as of Carlini et al. 2023 (arXiv:2301.13188, section 4.2): 0 for a copy,
towards 1 for an image that is like many. It is measured of two kinds of images of which the answer is known: training
images that were mirrored, shifted and saved as JPEG, and real images that were not trained on (the held-out ones or,
where there are none, training images beside all others). The threshold is the geometric mean of the level below which
99 percent of the former lie and the level above which 90 percent of the latter lie, so that true duplicates within the
data, of which most real sets hold some, do not move it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from ..pipelines.images import grid, to_pil
from .neighbors import SMALLEST, nearest_by_features, nearest_by_pixels
from .scores import Score

NEIGHBOURS = 20  # training images that say what an ordinary distance is around a sample
CANDIDATES = 5  # other samples that are compared with a sample in full
CALIBRATION = 1000  # images of each kind at most that the threshold comes from
COPIES, REAL = 0.99, 0.10  # quantiles of the two kinds between which the threshold lies
QUALITY = 90  # JPEG quality of the copies that the threshold must let through
FINEST = 1.0  # grey levels; ordinary distances below it are no distances
SPLITS = 200  # new divisions of training and held-out images that say how much the gap depends on them
POOL = 32  # neighbours that are kept for these divisions
Z = 1.96  # standard deviations on either side that hold 95 percent


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images and what an extractor saw in them.

    Args:
        pixels: uint8 [N, H, W, C].
        features: float32 [N, D].

    Raises:
        ValueError: the tables are not such, or not of equally many images.
    """

    pixels: np.ndarray
    features: np.ndarray

    def __post_init__(self) -> None:
        pixels, features = self.pixels, self.features
        if pixels.dtype != np.uint8 or pixels.ndim != 4 or min(pixels.shape[1:3]) < SMALLEST:
            raise ValueError(
                f"pixels is {pixels.dtype} {list(pixels.shape)}; give uint8 [N, H, W, C] with {SMALLEST} or more "
                "pixels a side"
            )
        if features.ndim != 2 or len(features) != len(pixels) or not np.isfinite(features).all():
            raise ValueError(
                f"features is {list(features.shape)} for {len(pixels)} images; give [N, D], one row an image, all "
                "finite"
            )

    def __len__(self) -> int:
        return len(self.pixels)


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest training image of each sample: indices int64 [M] and distances float64 [M]."""

    indices: np.ndarray
    distances: np.ndarray


@dataclass(frozen=True, eq=False)
class Audit:
    """What was found of M samples.

    Args:
        by_features: Euclidean distance of features.
        by_pixels: root mean square in grey levels, in the best of 18 poses (mirrored or not, shifted by up to one pixel
            either way).
        closeness: float64 [M], the distance by pixels over an ordinary one around the sample; 0 is a copy.
        threshold: of the closeness, up to which a sample counts as a copy.
        copies: int64 [P], the samples that are copies of a training image, ascending.
        duplicates: int64 [Q, 2], pairs of samples as near to each other as a copy is to its original, the smaller index
            first: of each sample its nearest other sample.
        authentic_percent: AuthPct (arXiv:2102.08921): of how many samples, in percent, the distance by features to the
            nearest training image exceeds the distance from that image to its own nearest other training image.
        gap: by how much samples are, on average, nearer to training images than to equally many held-out ones, by
            features; above 0 speaks for memory. None without held-out images. The interval holds the spread over
            samples and over divisions of real images.
        planted_share: share of planted copies that the threshold finds.
        real_share: share of real images that were not trained on and still count as copies: true duplicates within the
            data, or errors. A `copies` share as small as this says nothing against the generator.
    """

    by_features: Nearest
    by_pixels: Nearest
    closeness: np.ndarray
    threshold: float
    copies: np.ndarray
    duplicates: np.ndarray
    authentic_percent: float
    gap: Score | None
    planted_share: float
    real_share: float


def audit(samples: ImageSet, training: ImageSet, held_out: ImageSet | None = None, seed: int = 0) -> Audit:
    """Look for copies of training images among samples.

    Args:
        samples: at least 2 images, of the same size and features as the others.
        training: at least 21 images.
        held_out: real images that were not trained on; with them there is a gap, and a better threshold.
        seed: of the choice of real images for the calibration.

    Raises:
        ValueError: the sets are too small or unlike each other.
    """
    _check(samples, training, held_out)
    rng = np.random.default_rng(seed)
    nearest = nearest_by_pixels(samples.pixels, training.pixels, NEIGHBOURS)
    ordinary = np.maximum(np.median(nearest.distances, axis=1), FINEST)
    closeness = nearest.distances[:, 0] / ordinary
    planted, real = _calibration(training.pixels, None if held_out is None else held_out.pixels, rng)
    threshold = float(np.sqrt(np.quantile(planted, COPIES) * np.quantile(real, REAL)))
    by_features, authentic = _authenticity(samples.features, training.features)
    return Audit(
        by_features=by_features,
        by_pixels=Nearest(nearest.indices[:, 0], nearest.distances[:, 0]),
        closeness=closeness,
        threshold=threshold,
        copies=np.flatnonzero(closeness <= threshold),
        duplicates=_duplicates(samples.pixels, ordinary * threshold),
        authentic_percent=100 * float(authentic.mean()),
        gap=None if held_out is None else _gap(samples.features, training.features, held_out.features, rng),
        planted_share=float((planted <= threshold).mean()),
        real_share=float((real <= threshold).mean()),
    )


def picture(found: Audit, samples: np.ndarray, training: np.ndarray, rows: int = 8) -> Image.Image:
    """The most suspicious samples, one a row: the sample, its nearest training image by features, its nearest by
    pixels.

    Args:
        samples, training: uint8 [M, H, W, C] and [N, H, W, C], those that were audited.
    """
    suspects = np.argsort(found.closeness, kind="stable")[:rows]
    columns = (
        samples[suspects],
        training[found.by_features.indices[suspects]],
        training[found.by_pixels.indices[suspects]],
    )
    cells = np.stack(columns, axis=1).reshape(-1, *samples.shape[1:])
    return grid(to_pil(torch.from_numpy(cells)), columns=len(columns))


def _check(samples: ImageSet, training: ImageSet, held_out: ImageSet | None) -> None:
    for name, one in (("samples", samples), ("held_out", held_out)):
        if one is not None and (one.pixels.shape[1:], one.features.shape[1]) != (
            training.pixels.shape[1:],
            training.features.shape[1],
        ):
            ours, theirs = (
                f"{list(each.pixels.shape[1:])} with {each.features.shape[1]} features" for each in (one, training)
            )
            raise ValueError(
                f"{name} has images {ours} and training {theirs}; give both at one size, with features of one extractor"
            )
    for name, one, least in (
        ("samples", samples, CANDIDATES + 1),
        ("training", training, NEIGHBOURS + 1),
        ("held_out", held_out, 1),
    ):
        if one is not None and len(one) < least:
            raise ValueError(f"{name} has {len(one)} images, which are too few; give {least} or more")


def _closeness(images: np.ndarray, training: np.ndarray, own: np.ndarray | None = None) -> np.ndarray:
    distances = nearest_by_pixels(images, training, NEIGHBOURS, own).distances
    return distances[:, 0] / np.maximum(np.median(distances, axis=1), FINEST)


def _calibration(
    training: np.ndarray, held_out: np.ndarray | None, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The closeness of planted copies, and of real images that were not trained on."""
    chosen = rng.permutation(len(training))[:CALIBRATION]
    planted = _closeness(_planted(training[chosen]), training)
    if held_out is None:
        return planted, _closeness(training[chosen], training, own=chosen)
    return planted, _closeness(held_out[rng.permutation(len(held_out))[:CALIBRATION]], training)


def _planted(images: np.ndarray) -> np.ndarray:
    """Copies that a generator might make at worst: mirrored, shifted by a pixel down and to the right, and saved as
    JPEG.
    """
    return np.stack([_as_jpeg(np.roll(image[:, ::-1], (1, 1), axis=(0, 1))) for image in images])


def _as_jpeg(image: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(file, "JPEG", quality=QUALITY)
    return np.asarray(Image.open(file)).reshape(image.shape)


def _duplicates(samples: np.ndarray, reach: np.ndarray) -> np.ndarray:
    numbers = np.arange(len(samples))
    nearest = nearest_by_pixels(samples, samples, CANDIDATES, own=numbers)
    found = nearest.distances[:, 0] <= reach
    pairs = np.stack([numbers[found], nearest.indices[found, 0]], axis=1)
    return np.unique(np.sort(pairs, axis=1), axis=0)


def _authenticity(samples: np.ndarray, training: np.ndarray) -> tuple[Nearest, np.ndarray]:
    """The nearest training image of each sample, and whether another training image is nearer to it than the sample."""
    indices = nearest_by_features(samples, training, 1).indices[:, 0]
    originals, places = np.unique(indices, return_inverse=True)
    partners = nearest_by_features(training[originals], training, 1, own=originals).indices[:, 0]
    distances = _distances(samples, training[indices])
    return Nearest(indices, distances), distances > _distances(training[originals], training[partners])[places]


def _distances(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    return np.linalg.norm(rows.astype(np.float64) - others, axis=1)  # exact: an equal row is at distance 0


def _gap(samples: np.ndarray, training: np.ndarray, held_out: np.ndarray, rng: np.random.Generator) -> Score:
    """Mean distance to held-out images less that to training images, of which equally many are chosen.

    Where the generator knows neither better, which of the two sets a real image is in does not matter: dividing the
    same real images anew says how much the gap depends on the division (a permutation test).
    """
    size = min(len(training), len(held_out))
    pool = np.concatenate([table[rng.permutation(len(table))[:size]] for table in (training, held_out)])
    known, unknown = (nearest_by_features(samples, half, 1).distances[:, 0] for half in (pool[:size], pool[size:]))
    differences = unknown - known
    near = nearest_by_features(samples, pool, min(POOL, 2 * size))
    spread = np.std([_divided(near.indices, near.distances, rng.permutation(2 * size) < size) for _ in range(SPLITS)])
    value = float(differences.mean())
    error = Z * float(np.hypot(spread, differences.std() / np.sqrt(len(samples))))
    return Score(value, value - error, value + error)


def _divided(indices: np.ndarray, distances: np.ndarray, known: np.ndarray) -> float:
    """The gap where `known`, bool [pool], says which real images count as training images."""
    sides = known[indices]
    nearest = [np.take_along_axis(distances, _first(side)[:, None], 1).mean() for side in (~sides, sides)]
    return nearest[0] - nearest[1]


def _first(sides: np.ndarray) -> np.ndarray:
    """Where in each row the first True is; at its end where there is none, which in 32 fair tosses hardly happens."""
    return np.where(sides.any(1), sides.argmax(1), sides.shape[1] - 1)
