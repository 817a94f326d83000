"""MIND, the kernel distance with a Gaussian kernel, and the Vendi score, of features."""

from __future__ import annotations

import numpy as np
import torch

DIRECTIONS = 1000  # of MIND, as its reference implementation has them
KERNEL_SCALE = 1000.0  # as of CMMD (arXiv:2401.09603)
ROWS = 1000  # of a kernel matrix that are held at a time
MOST_VENDI = 2000  # images whose similarities are compared: the matrix of all is decomposed


def monge_distance(fake: np.ndarray, real: np.ndarray, seed: int = 0, directions: int = DIRECTIONS) -> float:
    """MIND (arXiv:2605.06797): 3 D times the mean squared difference of sorted projections on random unit directions.

    Args:
        fake, real: features [M, D] and [N, D]; of the larger set as many are chosen at random as the smaller has.
        seed: of the directions and of the choice.
    """
    size = min(len(fake), len(real))
    rng = np.random.default_rng(seed)
    one, other = (_chosen(np.asarray(side, dtype=np.float64), size, rng) for side in (fake, real))
    generator = torch.Generator().manual_seed(seed)
    axes = torch.randn(one.shape[1], directions, generator=generator, dtype=torch.float64).numpy()
    axes /= np.linalg.norm(axes, axis=0)
    difference = np.sort(one @ axes, axis=0) - np.sort(other @ axes, axis=0)
    return float(3 * one.shape[1] * np.square(difference).mean())


def _chosen(rows: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    return rows if len(rows) == size else rows[rng.permutation(len(rows))[:size]]


def gaussian_kernel_distance(fake: np.ndarray, real: np.ndarray, sigma: float) -> float:
    """The unbiased squared maximum mean discrepancy (arXiv:1801.01401, eq. 4) with the kernel exp(-|x - y|^2 / (2
    sigma^2)), times 1,000; may lie below 0 for sets that are alike.

    Args:
        fake, real: features [M, D] and [N, D], at least 2 rows each.
        sigma: width of the kernel.
    """
    one, other = (torch.from_numpy(np.asarray(side, dtype=np.float64)) for side in (fake, real))
    within = [(_kernel_sum(side, side, sigma) - len(side)) / (len(side) * (len(side) - 1)) for side in (one, other)]
    across = _kernel_sum(one, other, sigma) / (len(one) * len(other))
    return KERNEL_SCALE * float(within[0] + within[1] - 2 * across)


def median_distance(rows: np.ndarray, seed: int = 0, pairs: int = 2000) -> float:
    """The median Euclidean distance of two rows, of `pairs` random pairs of different rows."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, len(rows), pairs)
    second = (first + rng.integers(1, len(rows), pairs)) % len(rows)
    return float(np.median(np.linalg.norm(rows[first].astype(np.float64) - rows[second], axis=1)))


def _kernel_sum(one: torch.Tensor, other: torch.Tensor, sigma: float) -> float:
    squares = (torch.cdist(part, other, compute_mode="donot_use_mm_for_euclid_dist") for part in one.split(ROWS))
    return sum(float(torch.exp(part.square() / (-2 * sigma**2)).sum()) for part in squares)


def vendi_score(features: np.ndarray, seed: int = 0) -> float:
    """The Vendi score (arXiv:2210.02410, eq. 2): the effective number of different images, exp of the entropy of the
    eigenvalues of the matrix of cosine similarities over N. 1 where all are alike, N where all are orthogonal.

    Args:
        features: [N, D]; at most 2,000 rows are compared, chosen at random.
    """
    rng = np.random.default_rng(seed)
    rows = _chosen(np.asarray(features, dtype=np.float64), min(len(features), MOST_VENDI), rng)
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    smaller = rows.T @ rows if rows.shape[0] > rows.shape[1] else rows @ rows.T  # of equal eigenvalues, but for zeros
    shares = np.linalg.eigvalsh(smaller / len(rows))
    shares = shares[shares > 1e-12]
    return float(np.exp(-(shares * np.log(shares)).sum()))
