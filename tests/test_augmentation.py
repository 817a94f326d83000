"""The benchmark of usefulness is right where the answer is planted."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import hf_genimg

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    sys.path.insert(0, str(FOLDER))
    try:
        spec = importlib.util.spec_from_file_location("benchmarks_augmentation", FOLDER / "augmentation.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(FOLDER))
    return module


@pytest.fixture(scope="module")
def sets() -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Shots are of the first, `more` of the second, and the last is tested on: all real digits, at 8 pixels."""
    train, test = (
        hf_genimg.open_dataset(f"digits@{split}", image_size=8, labels=True, progress=False)
        for split in ("train", "test")
    )
    flat = [np.asarray(each.images).reshape(len(each.images), -1) / 255 for each in (train, test)]
    return (flat[0][:700], train.labels[:700]), (flat[0][700:], train.labels[700:]), (flat[1], test.labels)


def test_fresh_real_images_are_a_gain(benchmark: ModuleType, sets: tuple) -> None:
    """A generator as good as can be: what it adds is real and new."""
    few, fresh, test = sets
    found = benchmark.usefulness(few, test, lambda *_: fresh, shots=3, trials=4)
    assert found.verdict == "gain" and found.low > 0.05
    assert found.difference == pytest.approx(found.augmented - found.plain)


def test_copies_of_the_shots_are_no_significant_gain(benchmark: ModuleType, sets: tuple) -> None:
    """A generator that knows its shots by heart adds nothing."""
    few, _, test = sets
    found = benchmark.usefulness(few, test, lambda _, shots: shots, shots=5, trials=6)
    assert found.verdict == "no significant gain", found
    assert abs(found.difference) < 0.02


def test_noise_with_labels_at_random_is_a_loss(benchmark: ModuleType, sets: tuple) -> None:
    few, fresh, test = sets
    rng = np.random.default_rng(0)
    useless = rng.permutation(fresh[0].ravel()).reshape(fresh[0].shape)[:300], rng.integers(0, 10, 300)
    assert benchmark.usefulness(few, test, lambda *_: useless, shots=5, trials=4).verdict in (
        "loss",
        "no significant gain",
    )
    wrong = fresh[0], (fresh[1] + 1) % 10
    assert benchmark.usefulness(few, test, lambda *_: wrong, shots=5, trials=4).verdict == "loss"


def test_the_interval_is_students(benchmark: ModuleType) -> None:
    from scipy.stats import ttest_rel

    rng = np.random.default_rng(0)
    plain, augmented = rng.normal(0.8, 0.02, 8), rng.normal(0.81, 0.02, 8)
    found = benchmark.verdict_of(plain, augmented)
    low, high = ttest_rel(augmented, plain).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((low, high))
    wrong = [benchmark.verdict_of(*rng.normal(0.8, 0.02, (2, 8))).verdict != "no significant gain" for _ in range(400)]
    assert 0.02 < np.mean(wrong) < 0.09, "of two equal ones, one in twenty seems different"


def test_only_certain_readings_are_kept(benchmark: ModuleType, sets: tuple) -> None:
    from sklearn.linear_model import LogisticRegression

    few, fresh, _ = sets
    classifier = LogisticRegression(max_iter=500).fit(*few)
    images, labels = benchmark.read_by_the_shots(fresh[0])(classifier, few)
    assert 0 < len(images) == len(labels) < len(fresh[0])
    assert (classifier.predict(images) == labels).all() and classifier.predict_proba(images).max(1).min() >= 0.9


def test_what_is_too_few_is_one_line(benchmark: ModuleType, sets: tuple) -> None:
    few, fresh, test = sets
    for shots, trials, line in (
        (1, 5, "shots=1 and trials=5 are too few"),
        (500, 5, "fewer than shots=500"),
        (5, 2, "trials=2 are too few"),
    ):
        with pytest.raises(ValueError, match=line):
            benchmark.usefulness(few, test, lambda *_: fresh, shots=shots, trials=trials)
