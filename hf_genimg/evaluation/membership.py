"""Membership inference: can someone who has the model tell which real images it was trained on?

Two attacks. By distance, from samples alone: an image counts as a training image the nearer its nearest sample is, by
features (as Hayes et al. 2019 and Hilprecht et al. 2019 do, arXiv:1906.03006). By the discriminator, where the model
keeps it: the higher its logit (LOGAN, arXiv:1705.07663). Each is given as many training images as held-out ones.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from .discriminator import logits_of
from .features import Images
from .neighbors import nearest_by_features
from .scores import Score, proportion

ATTACKED = 1000  # images of each kind at most
LEAST = 100  # images of each kind; of fewer, one percent is less than one image
FALSE_POSITIVES = 0.01  # share of held-out images that may be taken for training images
RESAMPLES = 300  # for the interval of the area


def attack(members: np.ndarray, others: np.ndarray, name: str) -> dict[str, Score]:
    """How well suspicion tells training images from held-out ones.

    Args:
        members, others: float [n] and [m], the suspicion of each image: the higher, the likelier it was trained on.
        name: what the scores are called after.

    Returns:
        `<name>_auc`, the area under the ROC curve (0.5 is guessing, 1 is certainty) with a bootstrapped interval, and
        `<name>_tpr`, the share of training images found where 1 percent of the others are taken for such.

    Raises:
        ValueError: there are fewer than 100 of either.
    """
    from scipy.stats import bootstrap
    from sklearn.metrics import roc_auc_score

    smallest = min(len(members), len(others))
    if smallest < LEAST:
        raise ValueError(f"{smallest} images of a kind are too few for membership; use {LEAST} or more")

    def area(ours: np.ndarray, theirs: np.ndarray) -> float:
        truth = np.repeat([1, 0], [len(ours), len(theirs)])
        return roc_auc_score(truth, np.concatenate([ours, theirs]))

    spread = bootstrap(
        (members, others),
        area,
        vectorized=False,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    threshold = np.quantile(others, 1 - FALSE_POSITIVES, method="higher")
    found = proportion(int((members > threshold).sum()), len(members))
    note = f"of {len(members):,} training and {len(others):,} held-out images; 0.5 is guessing"
    return {
        f"{name}_auc": Score(float(area(members, others)), float(spread.low), float(spread.high), note),
        f"{name}_tpr": Score(found.value, found.low, found.high, "where 1 % of held-out images are suspected"),
    }


def attack_by_distance(samples: np.ndarray, training: np.ndarray, held_out: np.ndarray, seed: int) -> dict[str, Score]:
    """The attack with samples alone, on features float32 [M, D], [N, D] and [K, D]; see `attack`.

    Also `membership_auc_of_data`, what it is without a model: with those training images that are not attacked in place
    of the samples. It is above 0.5 where training and held-out images differ, or where the extractor was trained on the
    former.
    """
    size = min(len(training), len(held_out), ATTACKED)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(training))
    sides = training[order[:size]], held_out[rng.permutation(len(held_out))[:size]]
    found = attack(*(_nearness(side, samples) for side in sides), "membership")
    if len(rest := training[order[size:]]) >= LEAST:
        without = attack(*(_nearness(side, rest) for side in sides), "membership")["membership_auc"]
        found["membership_auc_of_data"] = replace(without, note="real images in place of samples: no model is at fault")
    return found


def _nearness(images: np.ndarray, samples: np.ndarray) -> np.ndarray:
    return -nearest_by_features(images, samples, 1).distances[:, 0]


def attack_by_discriminator(discriminator: Any, training: Images, held_out: Images, seed: int) -> dict[str, Score]:
    """The attack with the discriminator, on images uint8 [n, H, W, C]; see `attack`."""
    size = min(len(training), len(held_out), ATTACKED)
    rng = np.random.default_rng(seed)
    chosen = [np.sort(rng.permutation(len(images))[:size]) for images in (training, held_out)]
    suspicion = [
        _mean_logits(discriminator, images, rows) for images, rows in zip((training, held_out), chosen, strict=True)
    ]
    return attack(*suspicion, "membership_discriminator")


def _mean_logits(discriminator: Any, images: Images, rows: np.ndarray) -> np.ndarray:
    """float64 [n]: the mean logit of each of these images."""
    logits = [each.view(len(each), -1).mean(1).double().cpu() for each in logits_of(discriminator, images, rows)]
    return torch.cat(logits).numpy()
