"""The Fréchet distance between Gaussians (arXiv:1706.08500, eq. 6), its interval, and its limit for endless samples."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..faults import read_errors, reason

IMAGES_A_DIMENSION = 20  # below so many images for each feature the interval does not hold what it promises
REPEATS = 200  # of the bootstrap
CONFIDENCE = 0.95
SIZES, SUBSETS = 8, 4  # of the extrapolation: how many sizes of subsets, and how many of each


@dataclass(frozen=True)
class Statistics:
    """Mean float64 [D] and covariance float64 [D, D] (divided by N - 1) of a table of features."""

    mean: np.ndarray
    covariance: np.ndarray

    def save(self, path: str | Path) -> Path:
        """Write `mu` and `sigma` as the .npz that pytorch-fid and its like read."""
        np.savez(path, mu=self.mean, sigma=self.covariance)
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> Statistics:
        """Read `mu` and `sigma` of an .npz, without pickles; `ValueError` when the file does not hold them."""
        try:
            with np.load(path, allow_pickle=False) as file:
                mean, covariance = (np.asarray(file[key], dtype=np.float64) for key in ("mu", "sigma"))
        except read_errors() as error:
            raise ValueError(
                f"{path} cannot be read as statistics ({reason(error)}); "
                "give an .npz with the arrays mu [D] and sigma [D, D]"
            ) from error
        wrong = {name: int((~np.isfinite(table)).sum()) for name, table in (("mu", mean), ("sigma", covariance))}
        for name, count in wrong.items():
            if count:
                raise ValueError(f"{path} has {count} entries of {name} that are not finite numbers; compute it again")
        if mean.ndim != 1 or covariance.shape != (len(mean), len(mean)):
            raise ValueError(
                f"{path} holds mu {list(mean.shape)} and sigma {list(covariance.shape)}; mu must be [D], sigma [D, D]"
            )
        return cls(mean, covariance)


def is_statistics(reference: str) -> bool:
    """Whether an .npz is meant as statistics and not as images: it holds `mu` or `sigma`, or cannot be read at all."""
    path = Path(reference).expanduser()
    if path.suffix != ".npz":
        return False
    try:
        with np.load(path, allow_pickle=False) as file:
            return bool({"mu", "sigma"} & set(file.files))
    except read_errors():
        return True


def statistics(features: np.ndarray, counts: np.ndarray | None = None) -> Statistics:
    """Of features [N, D]; counts: how often each row is in the table, integers [N]; once when left out."""
    rows = np.asarray(features, dtype=np.float64)
    counts = np.ones(len(rows)) if counts is None else counts.astype(np.float64)
    total = counts.sum()
    mean = counts @ rows / total
    centred = (rows - mean) * np.sqrt(counts)[:, None]
    return Statistics(mean, centred.T @ centred / (total - 1))


def frechet_distance(one: Statistics, other: Statistics) -> float:
    """|m1 - m2|^2 + tr(C1) + tr(C2) - 2 tr((C1 C2)^(1/2)), where with C2 = L L^T the last trace is that of (L^T C1
    L)^(1/2). Never negative, and 0 for equal statistics.
    """
    if one.mean.shape != other.mean.shape:
        raise ValueError(
            f"statistics of {len(one.mean)} and {len(other.mean)} features cannot be compared; use one extractor for "
            "both"
        )
    if np.array_equal(one.mean, other.mean) and np.array_equal(one.covariance, other.covariance):
        return 0.0  # exactly, whatever the eigenvalues' rounding leaves
    root = _root(other.covariance)
    eigenvalues = np.linalg.eigvalsh(root.T @ one.covariance @ root)
    difference = one.mean - other.mean
    cross = np.sqrt(eigenvalues.clip(min=0)).sum()
    distance = difference @ difference + np.trace(one.covariance) + np.trace(other.covariance) - 2 * cross
    return max(0.0, float(distance))


def _root(covariance: np.ndarray) -> np.ndarray:
    """A matrix L with L L^T = covariance."""
    try:
        return np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:  # fewer images than features, or a feature that never moves
        values, vectors = np.linalg.eigh(covariance)
        return vectors * np.sqrt(values.clip(min=0))


def distance_interval(one: np.ndarray, other: np.ndarray, seed: int = 0, repeats: int = REPEATS) -> tuple[float, float]:
    """Where the distance of the two distributions lies, with 95 percent confidence, from features [N, D] and [M, D].

    The basic bootstrap: both sets are resampled with replacement, and the quantiles of the distances are reflected at
    the measured one, which takes the upward bias of finite samples off. So the interval may lie below the measured
    distance.

    Raises `ValueError` for fewer than 20 images for each feature.
    """
    least = IMAGES_A_DIMENSION * one.shape[1]
    if min(len(one), len(other)) < least:
        raise ValueError(
            f"{min(len(one), len(other))} images are too few for an interval with {one.shape[1]} features; use "
            f"{least} or more"
        )
    rng = np.random.default_rng(seed)
    measured = frechet_distance(statistics(one), statistics(other))
    distances = [frechet_distance(_resampled(one, rng), _resampled(other, rng)) for _ in range(repeats)]
    tail = (1 - CONFIDENCE) / 2
    upper, lower = np.quantile(distances, [1 - tail, tail])
    return max(0.0, 2 * measured - float(upper)), max(0.0, 2 * measured - float(lower))


def _resampled(features: np.ndarray, rng: np.random.Generator) -> Statistics:
    counts = rng.multinomial(len(features), np.full(len(features), 1 / len(features)))
    return statistics(features, counts)


def distance_at_infinity(fake: np.ndarray, real: np.ndarray, seed: int = 0) -> float:
    """The distance for endlessly many fakes, by a line through distances of subsets over 1 / size (arXiv:1911.07023).

    Raises `ValueError` for fewer than 4 fakes for each feature, since the line would begin where covariances are
    singular.
    """
    count, dimension = fake.shape
    if count < 4 * dimension:
        raise ValueError(
            f"{count} images are too few to extrapolate with {dimension} features; use {4 * dimension} or more"
        )
    rng = np.random.default_rng(seed)
    reference = statistics(real)
    sizes = np.linspace(max(2 * dimension, count // 4), count, SIZES).astype(int)
    subsets = [(size, rng.permutation(count)[:size]) for size in sizes for _ in range(1 if size == count else SUBSETS)]
    distances = [frechet_distance(statistics(fake[rows]), reference) for _, rows in subsets]
    _, limit = np.polyfit([1 / size for size, _ in subsets], distances, 1)
    return float(limit)
