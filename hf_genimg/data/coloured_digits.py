"""Digits in the colour of their class, for what has to be coloured: a digit's shape says which it is."""

from __future__ import annotations

import colorsys
from dataclasses import replace

import numpy as np

from .dataset import ImageDataset
from .fingerprint import key_of

CLASSES = 10
VERSION = 1  # of the colours, for the fingerprint


def colour_of(digit: int) -> np.ndarray:
    """Float [3] from 0 to 1: hues evenly apart, red for 0."""
    return np.array(colorsys.hsv_to_rgb(digit / CLASSES, 0.8, 1.0))


def in_colours(dataset: ImageDataset) -> ImageDataset:
    """A labelled set of digits, each in the colour of its class, without its labels.

    Args:
        dataset: RGB images of digits, light strokes on black, whose labels are the digits 0 to 9.

    Raises:
        ValueError: the images are no digits, or not RGB.
    """
    if dataset.labels is None or len(dataset.class_names) != CLASSES or dataset.image_channels != 3:
        raise ValueError(
            f"{dataset.name} has {len(dataset.class_names or ())} classes and {dataset.image_channels} channels; "
            "colours of digits need RGB images of the classes 0 to 9"
        )
    palette = np.stack([colour_of(digit) for digit in range(CLASSES)])
    images = np.rint(dataset.images * palette[dataset.labels][:, None, None]).astype(np.uint8)
    key = key_of(dataset.fingerprint, "coloured digits", VERSION)
    return replace(dataset, images=images, labels=None, class_names=None, fingerprint=key)
