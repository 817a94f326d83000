"""Perceptual path length (arXiv:1812.04948, section 4.1): how fast the features of images change along latents.

At the start of paths between two random latents, as torch-fidelity measures it: the squared distance of the features of
G(z) and of G(slerp(z, z', epsilon)), over epsilon squared. The paper measures in the space of LPIPS; the number belongs
to its extractor as much as to the generator.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..pipelines.interpolation import lerp, slerp
from ..pipelines.sampling import draw
from .features import BATCH, Extractor
from .scores import Score, mean_score
from .transparency import BLACK, WHITE, composite

EPSILON = 1e-4
MOST_PATHS = 10_000
KEPT = (1, 99)  # percentiles between which lengths count: a few enormous ones would decide the mean


def path_facts(count: int) -> dict[str, Any]:
    """What a protocol says of it."""
    return {
        "paths": min(count, MOST_PATHS),
        "epsilon": EPSILON,
        "percentiles": list(KEPT),
        "distance": "squared, of features",
        "at": "ends",
    }


def path_lengths(pipeline: Any, extractor: Extractor, count: int, seed: int, epsilon: float = EPSILON) -> np.ndarray:
    """float64 [count]: the length of each path; the one number i starts at the image of `seed + i`, and both its ends
    are of one class.

    pipeline: makes images of latents, its prior's where it has one, and says so by `capabilities`. extractor: one that
    takes float pixels.
    """
    network, classes, prior = pipeline.network, pipeline.capabilities.num_classes, pipeline.prior_network
    between = slerp if prior is None and network.config.latent_distribution == "normal" else lerp
    lengths = []
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        begin, end = (
            draw(network, classes, num_images=size, seed=seed + offset + start, prior=prior) for offset in (0, count)
        )
        near = between(begin.latents, end.latents, epsilon)
        labels = begin.class_labels if network.config.get("num_classes") else None  # others only the prior takes
        one, other = (_features(pipeline, extractor, latents, labels) for latents in (begin.latents, near))
        lengths.append((one - other).square().sum(1) / epsilon**2)
    return torch.cat(lengths).cpu().numpy()


@torch.no_grad()
def _features(pipeline: Any, extractor: Extractor, latents: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
    """float64 [n, D], of images that are not rounded to whole grey levels; those with transparency are over white and
    over black, side by side.
    """
    conditions = {} if labels is None else {"class_labels": labels}
    images = pipeline(latents=latents, output_type="pt", **conditions).images
    levels = images.permute(0, 2, 3, 1).float() * 255
    seen = [composite(levels, each) for each in (WHITE, BLACK)] if levels.shape[-1] == 4 else [levels]
    return torch.cat([extractor(each)[0].double() for each in seen], 1)


def mean_length(lengths: np.ndarray) -> Score:
    """The mean of what lies between the percentiles, with its interval."""
    low, high = (np.percentile(lengths, part, method=how) for part, how in zip(KEPT, ("lower", "higher"), strict=True))
    kept = lengths[(lengths >= low) & (lengths <= high)]
    return mean_score(kept)
