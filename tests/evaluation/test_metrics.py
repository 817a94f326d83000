"""Metrics against slow, independent computations on the same features, and the interval against distances that are
known.
"""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from scipy.spatial.distance import cdist

from hf_genimg.evaluation import frechet, metrics
from hf_genimg.evaluation.features import Features
from hf_genimg.evaluation.fidelity import kid_subset_size
from hf_genimg.evaluation.frechet import (
    Statistics,
    distance_at_infinity,
    distance_interval,
    frechet_distance,
    statistics,
)
from hf_genimg.evaluation.metrics import Tables, measure


@pytest.fixture(scope="module")
def tables() -> Tables:
    rng = np.random.default_rng(0)
    fake = rng.normal(0.2, 1.3, (300, 6)).astype(np.float32)
    real = (rng.normal(0, 1, (250, 6)) @ rng.normal(0, 0.6, (6, 6))).astype(np.float32)
    return Tables(Features(fake, rng.normal(0, 2, (300, 5)).astype(np.float32)), Features(real, None), seed=3)


def value(tables: Tables, metric: str, score: str | None = None) -> float:
    return metrics.METRICS[metric](tables)[score or metric].value


def plain_frechet(fake: np.ndarray, real: np.ndarray) -> float:
    one, other = fake.astype(np.float64), real.astype(np.float64)
    covariances = np.cov(one, rowvar=False), np.cov(other, rowvar=False)
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1]).real
    return float(((one.mean(0) - other.mean(0)) ** 2).sum() + np.trace(covariances[0] + covariances[1] - 2 * root))


def test_frechet_distance_is_that_of_the_matrix_square_root(tables: Tables) -> None:
    assert value(tables, "fid") == pytest.approx(plain_frechet(tables.fake.values, tables.real.values), rel=1e-6)


def test_frechet_distance_of_known_gaussians() -> None:
    one = Statistics(np.zeros(3), np.diag([1.0, 4.0, 9.0]))
    other = Statistics(np.array([1.0, 2.0, 0.0]), np.diag([4.0, 4.0, 0.0]))
    assert frechet_distance(one, other) == pytest.approx(1 + 4 + 1 + 0 + 9)
    assert frechet_distance(other, one) == pytest.approx(15)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-12)


def test_singular_covariances_are_no_obstacle() -> None:
    rng = np.random.default_rng(0)
    fake, real = rng.normal(0, 1, (5, 20)), rng.normal(0, 1, (6, 20))
    assert frechet_distance(statistics(fake), statistics(real)) == pytest.approx(plain_frechet(fake, real), rel=1e-5)


def test_the_fast_last_step_is_torch_fidelitys(tables: Tables) -> None:
    from torch_fidelity.metric_fid import fid_statistics_to_metric

    ours = statistics(tables.fake.values), statistics(tables.real.values)
    theirs = fid_statistics_to_metric(*({"mu": side.mean, "sigma": side.covariance} for side in ours), verbose=False)
    assert frechet_distance(*ours) == pytest.approx(theirs["frechet_inception_distance"], rel=1e-9)


def test_kid_is_the_unbiased_estimate_on_the_same_subsets(tables: Tables) -> None:
    fake, real = tables.fake.values.astype(np.float64), tables.real.values.astype(np.float64)
    size, rng = kid_subset_size(300, 250), np.random.RandomState(3)

    def kernel(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return (one @ other.T / 6 + 1) ** 3

    found = []
    for _ in range(100):
        x, y = fake[rng.choice(300, size, replace=False)], real[rng.choice(250, size, replace=False)]
        within = sum((kernel(side, side).sum() - np.trace(kernel(side, side))) / (size * (size - 1)) for side in (x, y))
        found.append(within - 2 * kernel(x, y).mean())
    assert size == 125
    assert value(tables, "kid") == pytest.approx(np.mean(found), rel=1e-6)


def test_neighbour_metrics_are_those_of_all_distances(tables: Tables) -> None:
    fake, real = tables.fake.values.astype(np.float64), tables.real.values.astype(np.float64)
    between = cdist(fake, real)
    third = [np.sort(cdist(side, side), axis=1)[:, 3] for side in (fake, real)]
    fifth = np.sort(cdist(real, real), axis=1)[:, 5]
    assert value(tables, "precision") == pytest.approx((between <= third[1]).any(1).mean(), rel=1e-6)
    assert value(tables, "precision", "recall") == pytest.approx((third[0] >= between.T).any(1).mean(), rel=1e-6)
    assert value(tables, "density") == pytest.approx((between < fifth).sum() / (5 * 300), rel=1e-6)
    assert value(tables, "density", "coverage") == pytest.approx((between.min(0) < fifth).mean(), rel=1e-6)


def test_inception_score_of_certain_and_balanced_classes_is_their_number() -> None:
    logits = np.eye(4, dtype=np.float32).repeat(500, 0) * 50
    tables = Tables(Features(np.zeros((2000, 2), np.float32), logits), None, seed=0)
    score = metrics.inception(tables)["inception_score"]
    assert score.value == pytest.approx(4, rel=0.02)
    assert score.low <= score.value <= score.high


def test_diversity_is_the_ratio_of_distances() -> None:
    rng = np.random.default_rng(0)
    real = rng.normal(0, 1, (4000, 8)).astype(np.float32)
    score = metrics.diversity(Tables(Features(real[:2000] * 0.5), Features(real[2000:])))["diversity"]
    assert score.low < 0.5 < score.high and score.high - score.low < 0.05


def interval_covers(dimension: int, trials: int, repeats: int) -> int:
    count = 20 * dimension
    shift, scale = 0.3, 1.2
    truth = dimension * (shift**2 + (scale - 1) ** 2)
    hits = 0
    for trial in range(trials):
        rng = np.random.default_rng(trial)
        fake, real = rng.normal(shift, scale, (count, dimension)), rng.normal(0, 1, (count, dimension))
        low, high = distance_interval(fake, real, seed=trial, repeats=repeats)
        hits += low <= truth <= high
    return hits


@pytest.mark.parametrize("dimension", [4, 16])
def test_the_interval_covers_the_known_distance(dimension: int) -> None:
    assert interval_covers(dimension, trials=100, repeats=100) >= 90


@pytest.mark.slow
def test_the_interval_covers_the_known_distance_of_many_features() -> None:
    assert interval_covers(64, trials=100, repeats=100) >= 90


def test_a_percentile_interval_would_not() -> None:
    """The planted mistake: without the reflection, the bias of finite samples pushes the interval off."""
    rng = np.random.default_rng(0)
    fake, real = rng.normal(0.3, 1.2, (640, 32)), rng.normal(0, 1, (640, 32))
    measured = frechet_distance(statistics(fake), statistics(real))
    low, high = distance_interval(fake, real)
    truth = 32 * (0.3**2 + 0.2**2)
    assert low <= truth <= high
    assert 2 * measured - high > truth, "the percentile interval begins above the truth"


def test_the_limit_is_nearer_the_truth_than_the_distance() -> None:
    truth, measured, limits = 32 * 0.3**2, [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        fake, real = rng.normal(0.3, 1, (600, 32)), rng.normal(0, 1, (20_000, 32))
        measured.append(frechet_distance(statistics(fake), statistics(real)))
        limits.append(distance_at_infinity(fake, real))
    assert abs(np.mean(limits) - truth) < 0.4 * (np.mean(measured) - truth)


def test_statistics_are_written_and_read(tmp_path: object, tables: Tables) -> None:
    path = statistics(tables.real.values).save(tmp_path / "reference.npz")
    loaded = Statistics.load(path)
    without_images = Tables(tables.fake, None, reference=loaded)
    assert metrics.fid(without_images)["fid"].value == pytest.approx(value(tables, "fid"), rel=1e-12)
    with pytest.raises(ValueError, match="kid needs the reference's images"):
        measure(without_images, ["kid"])
    assert set(measure(without_images, None)[0]) == {"fid", "inception_score", "vendi"}


@pytest.mark.parametrize("content", [b"", b"no zip", None])
def test_statistics_that_are_none_are_refused(tmp_path: object, content: bytes | None) -> None:
    path = tmp_path / "bad.npz"
    np.savez(path, mu=np.zeros(3), sigma=np.zeros((2, 2))) if content is None else path.write_bytes(content)
    with pytest.raises(ValueError, match=r"bad\.npz (cannot be read as statistics|holds mu \[3\] and sigma \[2, 2\])"):
        Statistics.load(path)


def test_a_metric_that_was_named_must_be_measured() -> None:
    few = Tables(
        Features(np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)),
        Features(np.ones((60, 3), np.float32)),
    )
    with pytest.raises(ValueError, match="diversity needs reference images that differ"):
        metrics.diversity(few)
    with pytest.raises(ValueError, match="50 images are too few for kid; use 200 or more on both sides"):
        measure(few, ["fid", "kid"])
    scores, skipped = measure(few, None)
    assert (
        "fid" in scores
        and "too few" in skipped["kid"]
        and "classes" in skipped["inception_score"]
        and "diversity" in skipped
    )
    with pytest.raises(ValueError, match="--metrics fdi is not known; use some of fid, "):
        measure(few, ["fdi"])
    with pytest.raises(ValueError, match="59 images are too few for an interval with 3 features; use 60 or more"):
        frechet.distance_interval(few.real.values, few.real.values[:59])


def test_distances_in_small_parts_are_the_same(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few distances are held at a time, which is what bounds the memory of large sets."""
    whole = {name: metrics.METRICS[name](tables) for name in ("precision", "density")}
    monkeypatch.setattr("hf_genimg.evaluation.fidelity.DISTANCES", 1)
    monkeypatch.setattr("hf_genimg.evaluation.neighbors.DISTANCES", 7 * 250)
    assert {name: metrics.METRICS[name](tables) for name in whole} == whole
