"""The built-in set: scikit-learn's 1,797 handwritten digits of 8x8 pixels, so that everything runs on a bare machine.

The digits touch the edges of their 8x8 pixels; a black margin of one pixel keeps neighbours in a grid apart and gives
convolutions a border.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from .source import Picture, Source, choose_split

# In the published order, which is not shuffled: a nearest-neighbour classifier is right on 94.6% of this test split but
# on 98.8% of random ones of its size, so neighbours in the order resemble each other and this test is the harder, more
# honest one.
MARGIN = 1  # pixels on each side
_RANGES = {"train": range(1500), "test": range(1500, 1797)}


def digits_splits() -> list[str]:
    """The fixed splits."""
    return list(_RANGES)


def digits_source(split: str) -> Source:
    """The digits of one split; `split` is `train` or `test`. scikit-learn is imported when the pictures are read.

    Raises:
        ValueError: for another split.
    """
    split = choose_split("digits", split, digits_splits())
    return Source(
        name="digits",
        split=split,
        count=len(_RANGES[split]),
        labelled=True,
        classes=tuple("0123456789"),
        recipe="digits with a margin",
        files=(),
        pictures=lambda: _pictures(split),
    )


def _pictures(split: str) -> Iterator[Picture]:
    from sklearn.datasets import load_digits

    levels, labels = load_digits(return_X_y=True)
    levels = np.asarray(levels, dtype=np.float32).reshape(-1, 8, 8) * (255 / 16)
    levels = np.pad(levels, ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)))
    for index in _RANGES[split]:
        yield Picture(f"digits image {index}", Image.fromarray(levels[index]), int(labels[index]))
