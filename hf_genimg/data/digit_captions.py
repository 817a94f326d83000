"""Captions of digits such as "a thick seven, leaning left": thickness and slant are measured from the image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .dataset import ImageDataset
from .fingerprint import key_of

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
THICKNESS, SLANT = ("thin", "thick"), ("leaning left", "leaning right")  # below the lower, above the upper third
THIRDS = (1 / 3, 2 / 3)
VERSION = 1  # of the grammar, for the fingerprint


def thickness(images: np.ndarray) -> np.ndarray:
    """How thick strokes are: twice the ink over the length of its outline, in pixels.

    The length of the outline is the total variation of the grey levels, so nothing is thresholded.

    Args:
        images: uint8 [N, H, W, 1], light strokes on black.

    Returns:
        float [N]; 0 for an image without strokes.
    """
    ink = images[..., 0] / 255
    padded = np.pad(ink, ((0, 0), (1, 1), (1, 1)))
    rows, columns = padded[:, 1:, :-1] - padded[:, :-1, :-1], padded[:, :-1, 1:] - padded[:, :-1, :-1]
    outline = np.hypot(rows, columns).sum((1, 2))
    return 2 * ink.sum((1, 2)) / np.maximum(outline, 1e-6)


def slant(images: np.ndarray) -> np.ndarray:
    """How far strokes move to the right for each pixel upwards: minus the covariance of row and column of the ink, over
    the variance of the row, as for deskewing. Above 0 leans to the right.

    Args and returns: as for `thickness`.
    """
    ink = images[..., 0] / 255
    total = np.maximum(ink.sum((1, 2)), 1e-6)
    rows, columns = np.indices(ink.shape[1:])
    centre_y, centre_x = (ink * rows).sum((1, 2)) / total, (ink * columns).sum((1, 2)) / total
    from_y, from_x = rows - centre_y[:, None, None], columns - centre_x[:, None, None]
    covariance, variance = (ink * from_y * from_x).sum((1, 2)), (ink * from_y**2).sum((1, 2))
    return -covariance / np.maximum(variance, 1e-6)


def quantiles(values: np.ndarray, labels: np.ndarray, shares: Sequence[float]) -> np.ndarray:
    """Of each of the ten digits: float [10, number of shares]; 0 for a digit that is not there."""
    found = [values[labels == digit] for digit in range(len(NAMES))]
    return np.stack([np.quantile(each, shares) if len(each) else np.zeros(len(shares)) for each in found])


def captions_of(digit: int, thick: int, lean: int) -> tuple[str, ...]:
    """The whole caption first, then those that say less.

    thick, lean: 0 for the lower third, 1 for the middle one, which has no word, 2 for the upper one.
    """
    word = {0: THICKNESS[0], 2: THICKNESS[1]}.get(thick)
    leaning = {0: SLANT[0], 2: SLANT[1]}.get(lean)
    name, thickened = f"{'an' if digit == 8 else 'a'} {NAMES[digit]}", f"a {word} {NAMES[digit]}"
    short = [name, *([thickened] if word else []), *([f"{name}, {leaning}"] if leaning else [])]
    whole = ", ".join([thickened if word else name, *([leaning] if leaning else [])])
    return tuple(dict.fromkeys([whole, *reversed(short)]))


def with_digit_captions(dataset: ImageDataset, reference: ImageDataset) -> ImageDataset:
    """A labelled set of digits with captions in place of its labels.

    Args:
        dataset: grey images of digits, whose labels are the digits 0 to 9.
        reference: the training images: a digit is thick, or leans, compared to the same digit in these.

    Raises:
        ValueError: the images are no digits, or not grey.
    """
    if dataset.labels is None or len(dataset.class_names) != len(NAMES) or dataset.image_channels != 1:
        raise ValueError(
            f"{dataset.name} has {len(dataset.class_names or ())} classes and {dataset.image_channels} channels; "
            "captions of digits need grey images of the classes 0 to 9"
        )
    thirds = []
    for measure in (thickness, slant):
        limits = quantiles(measure(reference.images), reference.labels, THIRDS)[dataset.labels]
        thirds.append((measure(dataset.images)[:, None] > limits).sum(1))
    found = [captions_of(int(digit), int(a), int(b)) for digit, a, b in zip(dataset.labels, *thirds, strict=True)]
    key = key_of(dataset.fingerprint, reference.fingerprint, "digit captions", VERSION)
    return replace(dataset, labels=None, class_names=None, captions=found, fingerprint=key)
