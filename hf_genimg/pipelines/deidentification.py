"""k-same: faces replaced by means of groups, so that at most one of k can be found again (Newton et al. 2005)."""

from __future__ import annotations

import torch


def k_same_groups(latents: torch.Tensor, k: int) -> list[list[int]]:
    """Groups of at least `k` near latents: those of the first that is in none and of its nearest, and so on; the last
    group also has what is left over.

    Args:
        latents: float [N, D], one for each person.
        k: from 2 to N.

    Raises:
        ValueError: k is not.

    Source: Newton, Sweeney and Malin, Preserving privacy by de-identifying face images, 2005, algorithm 3.
    """
    count = len(latents)
    if isinstance(k, bool) or not isinstance(k, int) or not 2 <= k <= count:
        raise ValueError(f"k={k!r} is not possible with {count} images; give a whole number from 2 to {count}")
    distances = torch.cdist(latents.float(), latents.float())
    left, groups = list(range(count)), []
    while len(left) >= 2 * k:
        nearest = sorted(left, key=lambda place, first=left[0]: (place != first, distances[first, place].item()))[:k]
        groups.append(nearest)
        left = [place for place in left if place not in nearest]
    return [*groups, left]


def k_same(latents: torch.Tensor, k: int) -> torch.Tensor:
    """Replace each of the latents, float [N, D], by the mean of its group; arguments and errors as `k_same_groups`."""
    made = latents.clone()
    for group in k_same_groups(latents, k):
        made[group] = latents[group].mean(0)
    return made
