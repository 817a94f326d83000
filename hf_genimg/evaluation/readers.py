"""Which class is on an image, by two independent readers: the extractor where it is a classifier, and a support vector
machine on pixels that is fitted to the labelled reference.

One classifier can be wrong about generated images in a way that its accuracy on real images does not show; where two
disagree, shares of classes are uncertain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.svm import SVC

from .neighbors import thumbnails_of

SIDE = 14  # pixels a side of what the second reader reads
SVM_PENALTY = 10.0  # C
FOLDS = 5
LEAST_IMAGES, MOST_IMAGES = 100, 2000  # of the reference that the second reader is fitted to
LEAST_ACCURACY = 0.8  # on real images: a worse reader is not used
EXTRACTOR, PIXELS = "extractor", "pixels"


@dataclass(frozen=True, eq=False)
class Reading:
    """The classes that one reader finds: int64 [M] of the fakes and int64 [N] of real images.

    reader: `extractor` or `pixels`. rows: of the real images, int64 [N]. accuracy: the share of real images whose label
    is found, on images that the reader was not fitted to where it is fitted here; None without labels.
    """

    reader: str
    fake: np.ndarray
    real: np.ndarray
    classes: int
    rows: np.ndarray
    accuracy: float | None = None


def read_by_extractor(fake: np.ndarray, real: np.ndarray, labels: np.ndarray | None) -> Reading:
    """By a classifier's logits, float [M, K] and [N, K]. labels: int64 [N] of the real images, of the same classes."""
    found = real.argmax(1)
    accuracy = None if labels is None else float((found == labels).mean())
    return Reading(EXTRACTOR, fake.argmax(1), found, fake.shape[1], np.arange(len(real)), accuracy)


def read_by_pixels(
    fake: np.ndarray, real: np.ndarray, labels: np.ndarray, rows: np.ndarray, classes: int, seed: int = 0
) -> Reading | None:
    """By a support vector machine on images reduced to 14 pixels a side; real images are read by five-fold
    cross-validation. None where it would be too inaccurate to say anything.

    Args:
        fake, real: uint8 [M, H, W, C] and [N, H, W, C].
        labels: int64 [N], classes of the real images.
        rows: int64 [N], which images of the reference these are.
        classes: how many there are.
        seed: of the folds.
    """
    if len(real) < LEAST_IMAGES or len(np.unique(labels)) < 2:
        return None
    ours, theirs = (thumbnails_of(side, min(SIDE, *side.shape[1:3])).numpy() / 127.5 for side in (fake, real))
    reader = SVC(C=SVM_PENALTY)
    folds = KFold(FOLDS, shuffle=True, random_state=seed)
    found = cross_val_predict(reader, theirs, labels, cv=folds)
    accuracy = float((found == labels).mean())
    if accuracy < LEAST_ACCURACY:
        return None
    return Reading(PIXELS, reader.fit(theirs, labels).predict(ours), found, classes, rows, accuracy)


def disagreement(readings: list[Reading]) -> tuple[float, float] | None:
    """On which share of the fakes, and of the real images, two readers find unlike classes; None with fewer readers."""
    if len(readings) < 2:
        return None
    one, other = readings
    count = min(len(one.fake), len(other.fake))
    unlike = one.fake[:count] != other.fake[:count], one.real[other.rows] != other.real
    return float(unlike[0].mean()), float(unlike[1].mean())
