"""The collapse doctor on planted generators (some classes only, near-duplicates, few images) and on healthy ones, which
raise nothing.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import hf_genimg
from hf_genimg.evaluation.collapse import Diagnosis, diagnose

COUNT, SEEDS = 1000, range(20)


class Set:
    """Real images with labels, the logits of a classifier that learned others of them, and draws in place of a
    generator.
    """

    def __init__(self, data: str, count: int) -> None:
        train, test = (
            hf_genimg.open_dataset(f"{data}@{split}", image_size=28, labels=True) for split in ("train", "test")
        )
        self.count, self.held_out = count, np.asarray(test.images[:count])
        self.pixels, self.labels = np.asarray(train.images[:8000]), train.labels[:8000]
        model = LogisticRegression(C=0.05, max_iter=2000).fit(self.flat(self.pixels[:1500]), self.labels[:1500])
        self.logits = lambda images: model.decision_function(self.flat(images)).astype(np.float32)
        self.reference = self.pixels[4000:6000] if len(self.pixels) > 6000 else self.pixels
        self.reference_logits = self.logits(self.reference)

    @staticmethod
    def flat(images: np.ndarray) -> np.ndarray:
        return images.reshape(len(images), -1) / 255

    def draw(self, seed: int, classes: int = 10) -> np.ndarray:
        """Images that are not in the reference, where there are so many, of the first `classes` classes of a random
        order.
        """
        rng = np.random.default_rng(seed)
        pool = (
            np.arange(len(self.pixels) - 2000, len(self.pixels))
            if len(self.pixels) > 6000
            else np.arange(len(self.pixels))
        )
        kept = pool[np.isin(self.labels[pool], rng.permutation(10)[:classes])]
        return self.pixels[rng.choice(kept, min(self.count, len(kept)), replace=False)]

    def diagnosis(self, images: np.ndarray, seed: int = 0) -> Diagnosis:
        return diagnose(images, self.reference, logits=(self.logits(images), self.reference_logits), seed=seed)


@pytest.fixture(scope="module")
def digits() -> Set:
    return Set("digits", 500)


@pytest.fixture(scope="module")
def real(mnist: Path) -> Set:
    return Set(str(mnist), COUNT)


@pytest.mark.parametrize("name", ["digits", "real"])
def test_healthy_draws_and_held_out_images_raise_nothing(name: str, request: pytest.FixtureRequest) -> None:
    images = request.getfixturevalue(name)
    for seed in SEEDS:
        assert images.diagnosis(images.draw(seed), seed).alarms == (), seed
    assert images.diagnosis(images.held_out).alarms == ()


@pytest.mark.parametrize("classes", [1, 3, 7])
@pytest.mark.parametrize("name", ["digits", "real"])
def test_lost_classes_are_named(name: str, classes: int, request: pytest.FixtureRequest) -> None:
    images = request.getfixturevalue(name)
    for seed in range(5):
        found = images.diagnosis(images.draw(seed, classes), seed)
        absent = sorted(np.random.default_rng(seed).permutation(10)[classes:].tolist())
        named = (
            len(absent) - 1 if classes > 1 else 1
        )  # of a single class, what the classifier misreads all falls upon a few others
        assert set(found.lost) <= set(absent) and len(found.lost) >= named, (found.lost, absent)
        assert any("mode dropping" in alarm for alarm in found.alarms)


@pytest.mark.parametrize("noise", [0, 2])
@pytest.mark.parametrize("name", ["digits", "real"])
def test_near_duplicates_are_found(name: str, noise: int, request: pytest.FixtureRequest) -> None:
    images = request.getfixturevalue(name)
    for seed in range(5):
        rng, sampled = np.random.default_rng(seed), images.draw(seed)
        copied = int(0.3 * len(sampled))
        copies = sampled[rng.integers(copied, len(sampled), copied)].astype(int) + rng.integers(
            -noise, noise + 1, sampled[:copied].shape
        )
        sampled[:copied] = copies.clip(0, 255)
        found = images.diagnosis(sampled, seed)
        assert found.duplicate_rate > 0.25 and any("near-duplicate" in alarm for alarm in found.alarms)


@pytest.mark.parametrize(("share", "alarms"), [(0.02, 0), (0.1, 1)])
def test_a_tenth_with_near_duplicates_is_an_alarm(digits: Set, share: float, alarms: int) -> None:
    for seed in range(2):
        images = digits.draw(seed)
        half = round(share * len(images) / 2)
        images[half : 2 * half] = images[:half]
        found = digits.diagnosis(images, seed)
        assert share < found.duplicate_rate < share + 0.04
        assert sum("near-duplicate" in alarm for alarm in found.alarms) == alarms


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_few_images_over_and_over_are_found_from_pixels_alone(digits: Set, count: int) -> None:
    rng = np.random.default_rng(count)
    sampled = digits.draw(0)[rng.integers(0, count, 256)].astype(int) + rng.integers(-1, 2, (256, 28, 28, 1))
    assert diagnose(sampled.clip(0, 255).astype(np.uint8), digits.reference).alarms


def test_small_healthy_draws_raise_nothing_from_pixels_alone(digits: Set) -> None:
    for seed in SEEDS:
        assert diagnose(digits.draw(seed)[:64], digits.reference, seed=seed).alarms == ()


def test_little_variety_is_found(digits: Set) -> None:
    mean = digits.reference.mean(0)
    pale = (mean + 0.5 * (digits.draw(0) - mean)).astype(np.uint8)
    found = diagnose(pale, digits.reference)
    assert found.variance_ratio == pytest.approx(0.25, abs=0.05) and any(
        "low diversity: the variance of the features is 0.2" in alarm for alarm in found.alarms
    )


def test_a_certain_discriminator_is_found(digits: Set) -> None:
    sampled, certain, torn = digits.draw(0), np.full(100, 6.0), np.linspace(-3, 3, 100)
    assert diagnose(sampled, digits.reference, discriminator_logits=(torn, torn)).saturation == 0
    found = diagnose(sampled, digits.reference, discriminator_logits=(-certain, certain))
    assert found.saturation == 1 and any("discriminator is certain" in alarm for alarm in found.alarms)
    assert diagnose(sampled, digits.reference, discriminator_logits=(certain, -certain)).alarms == (), (
        "certain, but wrong"
    )


def test_too_few_images_are_one_line(digits: Set) -> None:
    with pytest.raises(ValueError, match="31 images are too few for a diagnosis; use 32 or more on both sides"):
        diagnose(digits.reference[:31], digits.reference)
