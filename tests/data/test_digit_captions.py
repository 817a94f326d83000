"""Captions of digits: measured thickness and slant, compared to the same digit."""

from __future__ import annotations

import numpy as np
import pytest

from hf_genimg.data import open_dataset
from hf_genimg.data.digit_captions import captions_of, quantiles, slant, thickness, with_digit_captions


def bar(width: int, lean: int = 0) -> np.ndarray:
    """A vertical bar of 12 pixels, whose top is `lean` pixels to the right of its foot."""
    image = np.zeros((1, 20, 40, 1), np.uint8)
    for row in range(12):
        shift = round(lean * (11 - row) / 11)
        image[0, 4 + row, 15 + shift : 15 + shift + width] = 255
    return image


def test_thickness_is_near_the_width_of_a_stroke_and_grows_with_it() -> None:
    found = [thickness(bar(width))[0] for width in (1, 2, 3, 4)]
    assert found == sorted(found) and found[0] == pytest.approx(1, abs=0.15)
    assert thickness(np.zeros((1, 8, 8, 1), np.uint8))[0] == 0


def test_slant_is_pixels_to_the_right_for_each_upwards() -> None:
    assert slant(bar(2))[0] == pytest.approx(0, abs=1e-9)
    assert slant(bar(2, lean=11))[0] == pytest.approx(1, abs=0.02)
    assert slant(bar(2, lean=-5))[0] == pytest.approx(-5 / 11, abs=0.05)


def test_a_caption_and_what_says_less() -> None:
    assert captions_of(7, 2, 0) == (
        "a thick seven, leaning left",
        "a seven, leaning left",
        "a thick seven",
        "a seven",
    )
    assert captions_of(1, 1, 1) == ("a one",)
    assert captions_of(8, 0, 1) == ("a thin eight", "an eight")
    assert captions_of(0, 1, 2) == ("a zero, leaning right", "a zero")


def test_digits_are_compared_to_the_same_digit_of_the_training_images() -> None:
    train, test = (open_dataset(f"digits@{split}", image_size=16, labels=True) for split in ("train", "test"))
    captioned = with_digit_captions(train, train)
    assert captioned.conditions == ("text",) and captioned.fingerprint != train.fingerprint
    thick = np.array(["thick" in captions[0] for captions in captioned.captions])
    for digit in range(10):
        assert thick[train.labels == digit].mean() == pytest.approx(1 / 3, abs=0.02)
    limits = quantiles(thickness(train.images), train.labels, (2 / 3,))[:, 0]
    expected = thickness(test.images) > limits[test.labels]
    found = ["thick" in captions[0] for captions in with_digit_captions(test, train).captions]
    assert found == expected.tolist()


def test_what_are_no_digits_is_refused() -> None:
    colour = open_dataset("digits", image_size=16, image_channels=3, labels=True)
    with pytest.raises(ValueError, match="digits has 10 classes and 3 channels; captions of digits need grey images"):
        with_digit_captions(colour, colour)
