"""MIND, the Gaussian kernel distance and the Vendi score against slow computations of their definitions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hf_genimg.evaluation.distances import gaussian_kernel_distance, median_distance, monge_distance, vendi_score
from hf_genimg.evaluation.features import Features
from hf_genimg.evaluation.metrics import Tables, measure
from hf_genimg.evaluation.scores import lower_is_better


@pytest.fixture
def sides() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(0.5, 1, (40, 6)), rng.normal(0, 2, (40, 6))


def slow_monge(fake: np.ndarray, real: np.ndarray, seed: int, directions: int) -> float:
    axes = torch.randn(6, directions, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    total = 0.0
    for column in axes.T:
        axis = (column / column.norm()).numpy()
        one, other = (sorted(float(axis @ row) for row in side) for side in (fake, real))
        total += sum((x - y) ** 2 for x, y in zip(one, other, strict=True)) / len(one)
    return 3 * 6 * total / directions


def test_mind_is_its_definition(sides: tuple[np.ndarray, np.ndarray]) -> None:
    assert monge_distance(*sides, seed=4, directions=50) == pytest.approx(slow_monge(*sides, 4, 50), rel=1e-12)
    assert monge_distance(sides[0], sides[0]) == 0
    more = np.concatenate([sides[1], sides[1]])
    assert monge_distance(sides[0], more, 1) == pytest.approx(monge_distance(*sides, 1), rel=0.5), "equally many"


def test_mind_of_shifted_sets_is_three_times_the_squared_shift() -> None:
    rows = np.random.default_rng(0).normal(size=(500, 8))
    assert monge_distance(rows + 2, rows) == pytest.approx(3 * 8 * 4, rel=0.1), "E (a . s)^2 = |s|^2 / D"


def slow_kernel(fake: np.ndarray, real: np.ndarray, sigma: float) -> float:
    def k(x: np.ndarray, y: np.ndarray) -> float:
        return float(np.exp(-((x - y) ** 2).sum() / (2 * sigma**2)))

    m, n = len(fake), len(real)
    ours = sum(k(fake[i], fake[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    theirs = sum(k(real[i], real[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    return 1000 * (ours + theirs - 2 * sum(k(x, y) for x in fake for y in real) / (m * n))


def test_the_kernel_distance_is_its_definition(
    sides: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake, real = sides[0][:17], sides[1]
    assert gaussian_kernel_distance(fake, real, 1.5) == pytest.approx(slow_kernel(fake, real, 1.5), rel=1e-9)
    monkeypatch.setattr("hf_genimg.evaluation.distances.ROWS", 7)
    assert gaussian_kernel_distance(fake, real, 1.5) == pytest.approx(slow_kernel(fake, real, 1.5), rel=1e-9)


def test_the_median_distance_is_that_of_all_pairs(sides: tuple[np.ndarray, np.ndarray]) -> None:
    rows = sides[1]
    every = [np.linalg.norm(rows[i] - rows[j]) for i in range(40) for j in range(i)]
    assert median_distance(rows) == pytest.approx(np.median(every), rel=0.05)
    assert median_distance(np.ones((5, 3))) == 0


def slow_vendi(rows: np.ndarray) -> float:
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    shares = np.linalg.eigvalsh(unit @ unit.T / len(rows))
    return float(np.exp(-sum(share * np.log(share) for share in shares if share > 1e-12)))


def test_the_vendi_score_is_its_definition(sides: tuple[np.ndarray, np.ndarray]) -> None:
    assert vendi_score(sides[0]) == pytest.approx(slow_vendi(sides[0]), rel=1e-9)
    assert vendi_score(sides[0][:4]) == pytest.approx(slow_vendi(sides[0][:4]), rel=1e-9), "fewer images than features"
    assert vendi_score(np.eye(5)) == pytest.approx(5) and vendi_score(np.ones((9, 4))) == pytest.approx(1)
    assert vendi_score(np.repeat(np.eye(3), 10, axis=0)) == pytest.approx(3), "three kinds of ten"


def test_they_are_metrics_with_a_direction(sides: tuple[np.ndarray, np.ndarray]) -> None:
    fake, real = (Features(side.astype(np.float32)) for side in sides)
    found, skipped = measure(Tables(fake, real), ["mind", "kid_rbf", "vendi"])
    assert list(found) == ["mind", "kid_rbf", "vendi"] and not skipped
    assert lower_is_better("mind") and lower_is_better("kid_rbf") and not lower_is_better("vendi")
    same, _ = measure(Tables(real, real), ["mind", "kid_rbf"])
    assert same["mind"].value == 0 and same["kid_rbf"].value < found["kid_rbf"].value
    with pytest.raises(ValueError, match="kid_rbf needs reference images whose features differ"):
        measure(Tables(fake, Features(np.ones((9, 6), np.float32))), ["kid_rbf"])
