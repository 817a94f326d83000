"""Nearest neighbors: by features; by pixels, whatever was mirrored or shifted by one pixel; density and coverage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.neighbors import NearestNeighbors

SMALLEST = 8  # pixels a side of the images that can be compared
THUMBNAIL = 8  # pixels a side at which candidates are found
SHIFTS = (0, 1, 2)  # where a window that is two pixels smaller than the image begins
CHUNK = 2**24  # floats (64 MiB) of one intermediate table
BALL_NEIGHBORS = 5  # of density and coverage: their paper's choice
DISTANCES = 2**23  # float64 (64 MiB) that are held at a time


@dataclass(frozen=True, eq=False)
class Neighbors:
    """The nearest rows of a table, nearest first: indices int64 [M, k] and distances float64 [M, k]."""

    indices: np.ndarray
    distances: np.ndarray


def nearest_by_features(queries: np.ndarray, table: np.ndarray, count: int, own: np.ndarray | None = None) -> Neighbors:
    """The `count` nearest rows by Euclidean distance.

    Args:
        queries, table: float32 [M, D] and [N, D].
        own: int64 [M], for each query a row that does not count, usually itself.
    """
    search = NearestNeighbors(algorithm="brute").fit(table)
    distances, indices = search.kneighbors(queries, count + (own is not None))
    if own is not None:
        others_first = np.argsort(indices == own[:, None], axis=1, kind="stable")[:, :count]
        distances, indices = (np.take_along_axis(values, others_first, 1) for values in (distances, indices))
    return Neighbors(indices, distances.astype(np.float64))


def nearest_by_pixels(queries: np.ndarray, table: np.ndarray, count: int, own: np.ndarray | None = None) -> Neighbors:
    """The nearest images, each in its best pose: mirrored or not, shifted by -1, 0 or 1 pixels either way.

    Thumbnails choose `count` candidates, which are then compared in full. Distances are root mean squares in grey
    levels, 0 to 255, without the outermost pixels, so that a shifted copy is at distance 0 whatever fills its edge.

    Args:
        queries, table: uint8 [M, H, W, C] and [N, H, W, C].
        own: int64 [M], for each query an image that does not count, usually itself.
    """
    middles = table[:, 1:-1, 1:-1]
    thumbnails = thumbnails_of(middles)
    step = max(1, CHUNK // max(len(table), len(SHIFTS) ** 2 * 2 * middles[0].size))
    parts = []
    for start in range(0, len(queries), step):
        poses = _poses(queries[start : start + step])
        candidates = _candidates(
            poses, thumbnails, count, None if own is None else torch.from_numpy(own[start : start + step])
        )
        parts.append((candidates, _distances(poses, middles, candidates)))
    indices, distances = (torch.cat(column) for column in zip(*parts, strict=True))
    distances, order = distances.sort(dim=1, stable=True)
    return Neighbors(indices.gather(1, order).numpy(), distances.double().numpy())


def thumbnails_of(images: np.ndarray, side: int = THUMBNAIL) -> torch.Tensor:
    """uint8 [N, H, W, C] to their averages over squares, float32 [N, side side C] in [-128, 127]."""
    step = max(1, CHUNK // images[0].size)
    parts = (
        torch.from_numpy(np.ascontiguousarray(images[start : start + step])) for start in range(0, len(images), step)
    )
    return torch.cat([F.adaptive_avg_pool2d(part.permute(0, 3, 1, 2).float() - 128, side).flatten(1) for part in parts])


def _poses(images: np.ndarray) -> np.ndarray:
    """uint8 [n, H, W, C] to [n, 18, H - 2, W - 2, C]: as it is and mirrored, each through nine windows."""
    height, width = images.shape[1] - 2, images.shape[2] - 2
    both = (images, images[:, :, ::-1])
    return np.stack([each[:, y : y + height, x : x + width] for each in both for y in SHIFTS for x in SHIFTS], axis=1)


def _candidates(poses: np.ndarray, thumbnails: torch.Tensor, count: int, own: torch.Tensor | None) -> torch.Tensor:
    """The images whose thumbnails are nearest to that of any pose: int64 [n, count]."""
    images, number = poses.shape[:2]
    ours = thumbnails_of(poses.reshape(-1, *poses.shape[2:])).view(images, number, -1)
    lengths = thumbnails.square().sum(1)
    nearest = torch.full((images, len(thumbnails)), torch.inf)
    for pose in ours.unbind(1):
        distances = torch.addmm(lengths, pose, thumbnails.T, alpha=-2).add_(pose.square().sum(1, keepdim=True))
        torch.minimum(nearest, distances, out=nearest)
    if own is not None:
        nearest.scatter_(1, own[:, None], torch.inf)
    return nearest.topk(count, largest=False).indices


def _distances(poses: np.ndarray, middles: np.ndarray, candidates: torch.Tensor) -> torch.Tensor:
    """Of each image, in its best pose, to its candidates: float32 [n, count]."""
    ours = torch.from_numpy(poses).flatten(2).float()
    parts = []
    for column in candidates.unbind(1):  # one candidate of each image at a time bounds the memory
        theirs = torch.from_numpy(middles[column.numpy()]).flatten(1).float()
        squares = ours.square().sum(2) - 2 * torch.bmm(ours, theirs[:, :, None])[:, :, 0]
        best = ours[torch.arange(len(ours)), squares.argmin(1)]
        parts.append((best - theirs).square().mean(1).sqrt())  # anew, since the difference of large squares is inexact
    return torch.stack(parts, 1)


def density_and_coverage(fake: np.ndarray, real: np.ndarray, neighbors: int = BALL_NEIGHBORS) -> tuple[float, float]:
    """Of features [M, D] and [N, D], with balls around real images that reach to their k-th nearest other real image.

    density: in how many balls a fake lies on average, over k; may exceed 1 (eq. 4). coverage: the share of balls that
    hold a fake (eq. 5).
    """
    fakes, reals = (torch.from_numpy(np.asarray(table, dtype=np.float64)) for table in (fake, real))
    rows, radii = max(1, DISTANCES // len(reals)), _radii(reals, neighbors)
    inside, nearest = 0, torch.full_like(radii, torch.inf)
    for part in fakes.split(rows):
        distances = _euclidean(part, reals)
        inside += int((distances < radii).sum())
        nearest = torch.minimum(nearest, distances.amin(0))
    return inside / (neighbors * len(fakes)), float((nearest < radii).double().mean())


def _radii(reals: torch.Tensor, neighbors: int) -> torch.Tensor:
    """Of each image to its k-th nearest other one, float64 [N]."""
    search = NearestNeighbors(algorithm="brute").fit(reals.numpy())
    farthest = search.kneighbors(reals.numpy(), neighbors + 1, return_distance=False)[
        :, -1
    ]  # the first is the image itself
    return _euclidean(
        reals[:, None], reals[farthest][:, None]
    ).flatten()  # anew: scikit-learn's are the roots of rounded differences


def _euclidean(rows: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    return torch.cdist(
        rows, others, compute_mode="donot_use_mm_for_euclid_dist"
    )  # exact: a row is at distance 0 of itself
