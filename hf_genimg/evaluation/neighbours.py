"""Metrics of nearest neighbours: density and coverage (arXiv:2002.09797)."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors

NEIGHBOURS = 5  # the paper's choice
DISTANCES = 2**23  # (64 MiB) that are held at a time


def density_and_coverage(fake: np.ndarray, real: np.ndarray, neighbours: int = NEIGHBOURS) -> tuple[float, float]:
    """Of features [M, D] and [N, D], with balls around real images that reach to their k-th nearest other real image.

    density: in how many balls a fake lies on average, over k; may exceed 1 (eq. 4). coverage: the share of balls that
    hold a fake (eq. 5).
    """
    fakes, reals = (torch.from_numpy(np.asarray(table, dtype=np.float64)) for table in (fake, real))
    rows, radii = max(1, DISTANCES // len(reals)), _radii(reals, neighbours)
    inside, nearest = 0, torch.full_like(radii, torch.inf)
    for part in fakes.split(rows):
        distances = _distances(part, reals)
        inside += int((distances < radii).sum())
        nearest = torch.minimum(nearest, distances.amin(0))
    return inside / (neighbours * len(fakes)), float((nearest < radii).double().mean())


def _radii(reals: torch.Tensor, neighbours: int) -> torch.Tensor:
    """Of each image to its k-th nearest other one, float64 [N]."""
    search = NearestNeighbors(algorithm="brute").fit(reals.numpy())
    farthest = search.kneighbors(reals.numpy(), neighbours + 1, return_distance=False)[
        :, -1
    ]  # the first is the image itself
    return _distances(
        reals[:, None], reals[farthest][:, None]
    ).flatten()  # anew: scikit-learn's are the roots of rounded differences


def _distances(rows: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    return torch.cdist(
        rows, others, compute_mode="donot_use_mm_for_euclid_dist"
    )  # exact: a row is at distance 0 of itself
