"""Unpaired translation where the truth is known: photographs and an oil filter of other photographs.

    python benchmarks/unpaired.py make --data PHOTOS --out FOLDER
    python benchmarks/unpaired.py measure --data FOLDER [--grid FILE.png] [--name NAME] RUN...

`make` writes `trainA`, the first half of the training photographs, `trainB`, the second half through the filter, and
`testA` and `testB`, the held-out photographs before and after the filter, all with 128 pixels at the shorter side. The
filter is Kuwahara's (four windows of 3x3 pixels, the mean of the one that varies least) under a warm tone.

Method: the whole held-out photographs are translated, and compared with the same photographs through the filter: PSNR
over all pixels and channels after rounding to 8 bits, and the perceptual distance by efficientnet-lite0 at all its
taps of the centre squares of 128 pixels. `identity` is the photograph itself, `mean colour` the photograph with the
mean and the deviation of each channel of the filtered training set. Cycle: PSNR between a photograph and what both
translators make of it, beside that between photograph and translation, which is what a cycle without a second
translator would have. Means over photographs with 95 percent intervals; gains are over the identity, photograph by
photograph. Results go to `results/NAME.json`; a grid shows photograph, translations and truth of the first eight.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
import pyarrow.parquet
import torch
from _measure import write
from PIL import Image
from scipy.ndimage import uniform_filter

import hf_genimg
from hf_genimg.evaluation.perceptual import FeatureDistance
from hf_genimg.evaluation.scores import mean_score

SIDE = 128  # pixels of the shorter side
WINDOW = 3  # pixels a side of Kuwahara's four windows
MIXING = np.array([[0.85, 0.25, 0.05], [0.20, 0.65, 0.05], [0.15, 0.15, 0.45]])
GAMMA, BLACK = np.array([0.75, 1.10, 1.50]), 0.08
SHOWN = 8


def photographs(folder: Path, split: str) -> list[np.ndarray]:
    """The pictures of a split, made smaller: float [H, W, 3] in [0, 1]."""
    found = []
    for file in sorted(folder.glob(f"{split}-*.parquet")):
        for cell in pyarrow.parquet.read_table(file, columns=["image"]).column(0).to_pylist():
            picture = Image.open(io.BytesIO(cell["bytes"])).convert("RGB")
            share = SIDE / min(picture.size)
            size = (round(picture.width * share), round(picture.height * share))
            found.append(np.asarray(picture.resize(size, Image.Resampling.BICUBIC)) / 255)
    return found


def kuwahara(image: np.ndarray) -> np.ndarray:
    """The mean of whichever of the four windows around each pixel varies least: float [H, W, 3] in [0, 1]."""
    grey, means, spreads = image.mean(2), [], []
    for origin in ((down, right) for down in (-1, 1) for right in (-1, 1)):

        def mean(field: np.ndarray, origin: tuple[int, int] = origin) -> np.ndarray:
            return uniform_filter(field, WINDOW, mode="reflect", origin=origin)

        means.append(np.stack([mean(channel) for channel in image.transpose(2, 0, 1)], axis=2))
        spreads.append(mean(grey**2) - mean(grey) ** 2)
    least = np.argmin(spreads, axis=0)[None, :, :, None]
    return np.take_along_axis(np.stack(means), least, axis=0)[0]


def filtered(image: np.ndarray) -> np.ndarray:
    """The oil filter: float [H, W, 3] in [0, 1]."""
    return BLACK + (1 - BLACK) * (kuwahara(image) @ MIXING.T).clip(0, 1) ** GAMMA


def make(photos: Path, out: Path) -> None:
    """Write the four folders."""
    train, test = photographs(photos, "train"), photographs(photos, "test")
    half = len(train) // 2
    sides = {"trainA": train[:half], "trainB": [filtered(image) for image in train[half:]]}
    sides |= {"testA": test, "testB": [filtered(image) for image in test]}
    for name, images in sides.items():
        (out / name).mkdir(parents=True)
        for number, image in enumerate(images):
            Image.fromarray(np.rint(255 * image.clip(0, 1)).astype(np.uint8)).save(out / name / f"{number:03d}.png")
        print(f"{name}: {len(images)} pictures")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path)
    a = parser.parse_args()
    make(a.data, a.out)
