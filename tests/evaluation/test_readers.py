"""Two readers of classes: accurate on real images, none where pixels show no classes; ignored labels are an alarm."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import hf_genimg
from hf_genimg.evaluation.collapse import agreement_alarms, diagnose
from hf_genimg.evaluation.readers import Reading, disagreement, read_by_extractor, read_by_pixels

Digits = tuple[np.ndarray, np.ndarray]  # pixels and labels


@pytest.fixture(scope="module")
def train() -> Digits:
    digits = hf_genimg.open_dataset("digits@train", image_size=28, labels=True)
    return np.asarray(digits.images), digits.labels


@pytest.fixture(scope="module")
def reading(train: Digits) -> Reading:
    test = hf_genimg.open_dataset("digits@test", image_size=28, labels=True)
    found = read_by_pixels(np.asarray(test.images), *train, np.arange(len(train[0])), 10)
    assert (found.fake == test.labels).mean() > 0.93, "on images that it was not fitted to"
    return found


def test_the_accuracy_is_that_on_images_that_were_not_fitted(reading: Reading) -> None:
    assert 0.95 < reading.accuracy < 1 and len(reading.real) == 1500


def test_labels_that_pixels_do_not_show_are_not_read(train: Digits) -> None:
    shuffled = np.random.default_rng(0).permutation(train[1])
    assert read_by_pixels(train[0][:50], train[0], shuffled, np.arange(1500), 10) is None
    assert read_by_pixels(train[0][:50], train[0][:60], train[1][:60], np.arange(60), 10) is None, "too few"
    assert read_by_pixels(train[0][:50], train[0][:200], np.zeros(200, int), np.arange(200), 10) is None, "one class"


def test_readers_disagree_as_often_as_they_do() -> None:
    one = Reading("extractor", np.array([0, 1, 2, 3]), np.array([0, 1, 2, 3, 4]), 5, np.arange(5))
    other = Reading("pixels", np.array([0, 1, 1]), np.array([1, 3]), 5, np.array([0, 3]))
    assert disagreement([one, other]) == (pytest.approx(1 / 3), 0.5) and disagreement([one]) is None


def test_a_class_is_dropped_when_the_mean_of_both_readers_says_so(train: Digits) -> None:
    """The second reader outvotes a first that cannot tell sevens from nines, and confirms one that can."""
    images, labels = train
    logits = torch.nn.functional.one_hot(torch.from_numpy(labels), 10).float().numpy()
    kept = labels != 7
    second = read_by_pixels(images[kept], images, labels, np.arange(1500), 10)
    right = read_by_extractor(logits[kept], logits, labels)
    found = diagnose(images[kept], images, readings=[right, second])
    assert found.lost == (7,) and any("mode dropping" in alarm and "7 (" in alarm for alarm in found.alarms)
    whole = read_by_pixels(images, images, labels, np.arange(1500), 10)
    blind = logits.copy()
    blind[labels == 7] = np.eye(10)[9]
    wrong = read_by_extractor(blind, logits, labels)
    found = diagnose(images, images, readings=[wrong, whole])
    assert found.lost == () and found.disagreement == pytest.approx(0.1, abs=0.03)


@pytest.mark.parametrize(
    ("share", "swapped", "lines"),
    [(0.0, (), 0), (0.05, (), 0), (0.35, (), 1), (0.0, (3,), 1), (0.0, (1, 2, 3), 2)],
)
def test_ignored_labels_are_an_alarm(share: float, swapped: tuple[int, ...], lines: int) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 1000)
    read = np.where(rng.random(1000) < share, (labels + 1) % 10, labels)
    read = np.where(np.isin(labels, swapped), (labels + 1) % 10, read)
    reading = Reading("extractor", read, labels, 10, np.arange(1000), 0.98)
    alarms = agreement_alarms([reading], labels, [f"class {number}" for number in range(10)])
    assert len(alarms) == lines
    if swapped:
        assert f"class {swapped[0]} (0%)" in alarms[-1]


def test_label_agreement_is_in_the_report_of_a_conditional_model(tmp_path: object) -> None:
    torch.manual_seed(0)
    network = hf_genimg.CGANMLPGenerator(image_size=28, image_channels=1, latent_dim=4, num_classes=10, width=8)
    hf_genimg.ImageGenerationPipeline(generator=network).save_pretrained(tmp_path / "untrained")
    asked = {"metrics": ["label_agreement"], "num": 200, "progress": False}
    report = hf_genimg.evaluate(tmp_path / "untrained", "digits", **asked)
    assert list(report.scores) == ["label_agreement", "label_agreement_pixels"]
    assert report.scores["label_agreement"].value < 0.3, "of noise"
    assert any("are read as the class that they are conditioned on" in alarm for alarm in report.alarms)
    with pytest.raises(ValueError, match="label_agreement needs a conditional model"):
        hf_genimg.evaluate("digits@test", "digits", **asked)
