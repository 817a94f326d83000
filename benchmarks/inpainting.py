"""Faces with a hole in the centre: how near the fillings are, of models and of biharmonic interpolation.

    python benchmarks/inpainting.py --data FACES@test [--mask middle] [--num 200] [--grid FILE.png] RUN...

Method: N images (the first of the split, centre squares of 64 pixels), of which a mask hides a part; `middle` is a
hole of 24x24 pixels at 64. Each method fills it in, and the result is rounded to 8 bits; `known_changed` counts levels
of known pixels that are not those of the image. PSNR inside the hole over all its pixels and channels; the perceptual
distance is that of the whole image by efficientnet-lite0 at all its taps. Means over images with 95 percent intervals;
the gain is over biharmonic interpolation (scikit-image), image by image. `mean` is the mean colour of the known pixels.
Results go to `results/NAME.json`; a grid shows image, hole and fillings of the first eight, from the top.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from _measure import write
from PIL import Image
from skimage.restoration import inpaint_biharmonic

import hf_genimg
from hf_genimg.data.masks import MASKS
from hf_genimg.evaluation.perceptual import FeatureDistance
from hf_genimg.evaluation.scores import mean_score

SIZE = 64
GREY = 127  # of the hole in the grid
SHOWN = 8
Fill = Callable[[np.ndarray, np.ndarray], np.ndarray]  # uint8 [N, H, W, C] and bool [N, H, W] to the images filled in


def with_mean(images: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """The mean colour of the known pixels."""
    filled = images.copy()
    for image, mask in zip(filled, masks, strict=True):
        image[mask] = np.rint(image[~mask].mean(0))
    return filled


def biharmonic(images: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """The smoothest surface through the known pixels."""
    filled = images.copy()
    for image, mask in zip(filled, masks, strict=True):
        made = inpaint_biharmonic(np.where(mask[..., None], 0, image / 255), mask, channel_axis=-1)
        image[mask] = np.rint(255 * made[mask].clip(0, 1))
    return filled


def of_model(run: str) -> Fill:
    """How the pipeline of a run does, which is asked to keep the known pixels itself."""
    pipe = hf_genimg.load(run)
    pipe.set_progress_bar_config(disable=True)

    def fill(images: np.ndarray, masks: np.ndarray) -> np.ndarray:
        levels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1
        mask = torch.from_numpy(masks)[:, None].float()
        return pipe(levels, mask=mask, output_type="uint8").images.numpy()

    return fill


def inside(made: np.ndarray, images: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """PSNR in decibels of the pixels that are hidden, float64 [N]."""
    error = (made.astype(np.float64) - images) ** 2 * masks[..., None]
    mean = error.sum((1, 2, 3)) / (masks.sum((1, 2)) * images.shape[3])
    return 10 * np.log10(255**2 / np.maximum(mean, 1e-9))


def tensor(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(images).permute(0, 3, 1, 2)


def measured(
    images: np.ndarray, masks: np.ndarray, methods: dict[str, Fill]
) -> tuple[dict[str, dict[str, float]], dict[str, np.ndarray]]:
    """The scores of each method, and its first images."""
    distance = FeatureDistance("efficientnet-lite0")
    levels, scores, shown = {}, {}, {}
    for name, fill in methods.items():
        made = fill(images, masks)
        levels[name], shown[name] = inside(made, images, masks), made[:SHOWN]
        gain = levels[name] - levels["biharmonic"] if "biharmonic" in levels else np.zeros(len(images))
        values = {"psnr": levels[name], "gain": gain, "perceptual": distance(tensor(made), tensor(images)).numpy()}
        scores[name] = {"images": len(images), "known_changed": int((made != images)[~masks].sum())}
        for score, found in values.items():
            mean = mean_score(found)
            scores[name] |= {score: mean.value, f"{score}_low": mean.low, f"{score}_high": mean.high}
        print(name, {key: round(value, 4) for key, value in scores[name].items()}, flush=True)
    return scores, shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", nargs="*", metavar="RUN")
    parser.add_argument("--data", required=True)
    parser.add_argument("--mask", default="middle", choices=sorted(MASKS))
    parser.add_argument("--num", type=int, default=200)
    parser.add_argument("--grid")
    parser.add_argument("--name", default="inpainting")
    given = parser.parse_args()
    data = hf_genimg.open_dataset(given.data, image_size=SIZE, image_channels=3)
    images = np.asarray(data.images[: given.num])
    masks = np.stack([MASKS[given.mask]((SIZE, SIZE), np.random.default_rng(seed)) for seed in range(len(images))])
    methods: dict[str, Fill] = {"biharmonic": biharmonic, "mean": with_mean}
    methods |= {Path(run).name: of_model(run) for run in given.runs}
    scores, shown = measured(images, masks, methods)
    print(write(given.name, __doc__.partition("Method: ")[2], scores, data=Path(given.data).name, mask=given.mask))
    if given.grid:
        hidden = np.where(masks[:SHOWN, ..., None], GREY, images[:SHOWN]).astype(np.uint8)
        rows = [images[:SHOWN], hidden, *shown.values()]
        Image.fromarray(np.vstack([np.hstack(list(row)) for row in rows])).save(given.grid)


if __name__ == "__main__":
    main()
