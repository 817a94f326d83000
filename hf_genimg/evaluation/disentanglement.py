"""How well each latent stands for one factor of the images, where the factors are known: MIG and DCI."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BINS = 20  # of each latent, as in the literature
TREES = 50  # of each forest
LEAST = 100  # images, below which the estimates mean nothing


@dataclass(frozen=True)
class DCI:
    """Scores from 0 to 1 (Eastwood and Williams, ICLR 2018).

    disentanglement: whether a latent matters for one factor only. completeness: whether a factor depends on one latent
    only. informativeness: the share of values of the factors that are predicted right on images that were not fitted.
    """

    disentanglement: float
    completeness: float
    informativeness: float


def mutual_information_gap(latents: np.ndarray, factors: np.ndarray) -> float:
    """MIG: the gap between the two latents that know most of a factor, over its entropy, mean over factors
    (arXiv:1802.04942, eq. 6).

    Args:
        latents: float [N, D], the means of the posteriors; each is cut into 20 bins of equal width.
        factors: int [N, F], the value of each factor of each image.

    Returns:
        from 0 to 1.

    Raises:
        ValueError: N is below 100, D below 2, or a factor has one value only.
    """
    _check(latents, factors)
    from sklearn.metrics import mutual_info_score

    bins = [np.digitize(each, np.histogram(each, BINS)[1][:-1]) for each in latents.T]
    information = np.array([[mutual_info_score(factor, each) for each in bins] for factor in factors.T])
    entropies = np.array([mutual_info_score(factor, factor) for factor in factors.T])
    second, first = np.sort(information, axis=1)[:, -2:].T
    return float(np.mean((first - second) / entropies))


def dci(latents: np.ndarray, factors: np.ndarray, seed: int = 0) -> DCI:
    """DCI by the importances of random forests that predict each factor, where each split may use any latent.

    Args:
        latents, factors: as for `mutual_information_gap`. Three quarters of the images are fitted.
        seed: of the split and of the forests.

    Raises:
        ValueError: as `mutual_information_gap`.
    """
    _check(latents, factors)
    from sklearn.ensemble import RandomForestClassifier

    order = np.random.default_rng(seed).permutation(len(latents))
    fitted, tested = np.split(order, [3 * len(order) // 4])
    importances, accuracies = [], []
    for factor in factors.T:
        forest = RandomForestClassifier(TREES, max_features=None, random_state=seed).fit(
            latents[fitted], factor[fitted]
        )
        importances.append(forest.feature_importances_)
        accuracies.append(forest.score(latents[tested], factor[tested]))
    table = np.array(importances).T + 1e-12  # [D, F]
    by_latent = _concentration(table) @ (table.sum(1) / table.sum())
    by_factor = _concentration(table.T) @ (table.sum(0) / table.sum())
    return DCI(float(by_latent), float(by_factor), float(np.mean(accuracies)))


def _concentration(table: np.ndarray) -> np.ndarray:
    """1 minus the entropy of each row over its maximum: 1 where one entry has all."""
    shares = table / table.sum(1, keepdims=True)
    return 1 + (shares * np.log(shares)).sum(1) / np.log(table.shape[1])


def _check(latents: np.ndarray, factors: np.ndarray) -> None:
    if latents.ndim != 2 or factors.ndim != 2 or len(latents) != len(factors):
        raise ValueError(f"latents {latents.shape} and factors {factors.shape} must be [N, D] and [N, F]")
    if len(latents) < LEAST or latents.shape[1] < 2 or factors.shape[1] < 2:
        raise ValueError(
            f"{len(latents)} images, {latents.shape[1]} latents and {factors.shape[1]} factors are too few; "
            f"give at least {LEAST}, 2 and 2"
        )
    constant = [place for place, factor in enumerate(factors.T) if len(np.unique(factor)) < 2]
    if constant:
        raise ValueError(f"factor {constant[0]} has one value only; leave it out")
