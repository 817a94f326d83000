"""Chest X-rays with noise or little contrast: how well they are restored, and whether a classifier gains by it.

    python benchmarks/medical_restoration.py DATA [--work DIR]

DATA has two classes, the second of which is the disease, and the splits train and test.

Method: `noise` adds Gaussian noise of 25 levels; `contrast` moves all levels towards one (fade:0.8, a third of the
contrast stays) and adds noise of 4 levels. The recipe dncnn is trained on the training images for each of the two. Test
images are degraded, the same for all methods, and restored: by the model; by the best of classical methods, whose
parameters are chosen by PSNR on the first 500 training images: a Gaussian blur, total variation (Chambolle) and
non-local means for noise, a stretch of the levels to the mean and deviation of the training images, CLAHE, and stretch
followed by total variation for contrast. PSNR and SSIM are means over test images with 95 percent intervals.

Use: AUROC of pneumonia by a classifier that was trained on the training images as they are (the recipe classifier, mean
of 3 seeds, with 95 percent intervals of a bootstrap over test images and seeds), on the test images as they are,
degraded, and restored; the difference is from the degraded ones. Results go to results/medical_restoration.json;
pictures of single test images to the work folder, because they show people.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from _measure import write
from classical import clahe
from medical import CLASSIFIER, SIZE, _finish, compared, disease, read, trained
from scipy.ndimage import gaussian_filter
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle
from sklearn.metrics import roc_auc_score

from hf_genimg.data import to_float
from hf_genimg.data.degradations import parse_degradation
from hf_genimg.evaluation.paired import psnr, ssim
from hf_genimg.evaluation.scores import mean_score

matplotlib.use("Agg")
from matplotlib import pyplot

TASKS = {"noise": "noise:25", "contrast": "fade:0.8+noise:4"}
MODEL = {"images": 12_000, "width": 16, "depth": 6, "snapshot_images": 12_000, "ema_half_life": 500}
CHOSEN_ON = 500  # training images by which parameters of classical methods are chosen
SEEDS = 3
SHOWN = 8
Restore = Callable[[np.ndarray], np.ndarray]  # uint8 [H, W, 1] to float [H, W, 1] in [0, 255]


def degraded(images: np.ndarray, task: str, seed: int) -> np.ndarray:
    """uint8 [N, H, W, 1] to the same; seed: of the first image, the next one has the next."""
    change = parse_degradation(TASKS[task])
    return np.stack([change(image, seed + number) for number, image in enumerate(images)])


def on_levels(restore: Callable[[np.ndarray], np.ndarray]) -> Restore:
    """From a function of float [H, W] in [0, 1]."""
    return lambda image: 255 * restore(image[..., 0] / 255.0)[..., None]


def stretched(mean: float, deviation: float) -> Callable[[np.ndarray], np.ndarray]:
    """Move the levels of an image to this mean and deviation."""
    return lambda levels: ((levels - levels.mean()) / max(levels.std(), 1e-6) * deviation + mean).clip(0, 1)


def classical(task: str, clean: np.ndarray) -> dict[str, Restore]:
    """Methods with each of their parameters, by name."""
    blurs = {f"Gaussian blur {width}": on_levels(lambda x, w=width: gaussian_filter(x, w)) for width in (0.5, 0.7, 1.0)}
    variation = {
        f"total variation {weight}": on_levels(lambda x, w=weight: denoise_tv_chambolle(x, w))
        for weight in (0.05, 0.1, 0.15, 0.2)
    }
    means = {
        f"non-local means {strength}": on_levels(
            lambda x, h=strength: denoise_nl_means(x, patch_size=3, patch_distance=7, h=h, sigma=25 / 255)
        )
        for strength in (0.03, 0.06, 0.1)
    }
    if task == "noise":
        return blurs | variation | means
    levels = clean / 255.0
    stretch = stretched(levels.mean(), levels.std((1, 2, 3)).mean())
    both = {
        f"stretch, total variation {weight}": on_levels(lambda x, w=weight: denoise_tv_chambolle(stretch(x), w))
        for weight in (0.02, 0.05, 0.1)
    }
    return {"stretch": on_levels(stretch), "CLAHE": clahe, **both}


def all_of(restore: Restore, images: np.ndarray) -> np.ndarray:
    return np.stack([np.rint(np.asarray(restore(image)).clip(0, 255)).astype(np.uint8) for image in images])


def float_levels(images: np.ndarray) -> torch.Tensor:
    """uint8 [N, H, W, 1] to float [N, 1, H, W] in [-1, 1]."""
    return to_float(torch.from_numpy(images), "cpu", False)


def levels_of(images: np.ndarray) -> torch.Tensor:
    """uint8 [N, H, W, 1] to float64 [N, 1, H, W] in [0, 255]."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).double()


def best(task: str, clean: np.ndarray) -> dict[str, Restore]:
    """Of each classical method the parameters with the highest PSNR on training images."""
    broken, chosen = degraded(clean, task, 10**6), {}
    for name, restore in classical(task, clean).items():
        level = psnr(levels_of(all_of(restore, broken)), levels_of(clean)).mean().item()
        method = name.rstrip("0123456789. ")
        if method not in chosen or level > chosen[method][0]:
            chosen[method] = level, restore
    return {method: restore for method, (_, restore) in chosen.items()}


def quality(images: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """PSNR and SSIM with intervals."""
    found = {}
    for name, measure in (("psnr", psnr), ("ssim", ssim)):
        score = mean_score(measure(levels_of(images), levels_of(targets)).numpy())
        found |= {name: round(score.value, 4), f"{name}_low": round(score.low, 4), f"{name}_high": round(score.high, 4)}
    return found


def measured(data: str, task: str, classifiers: list[Any], work: Path) -> dict[str, Any]:
    """The rows of a task by method."""
    (clean, _), (test, truth) = read(data, "train"), read(data, "test")
    pipe = trained("dncnn", work / f"dncnn-{task}", data, **MODEL, inputs=TASKS[task], seed=0)
    inputs = degraded(test, task, 0)
    with torch.no_grad():
        output = pipe.network.eval()(float_levels(inputs))
    made = {"as it is": test, "degraded": inputs}
    made |= {name: all_of(restore, inputs) for name, restore in best(task, clean[:CHOSEN_ON]).items()}
    made["dncnn"] = ((output.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    ways = {name: np.stack([disease(each, images) for each in classifiers]) for name, images in made.items()}
    above = {name: "degraded" for name in made if name not in ("as it is", "degraded")}
    areas = compared(ways, truth, roc_auc_score, above)
    picture(work / f"restored-{task}.png", made)
    return {name: {**quality(images, test), "auroc": areas[name]} for name, images in made.items()}


def picture(path: Path, made: dict[str, np.ndarray]) -> None:
    """The first test images by method, a row each."""
    figure, axes = pyplot.subplots(len(made), SHOWN, figsize=(SHOWN, 1.15 * len(made)))
    for line, (name, images) in zip(axes, made.items(), strict=True):
        line[0].set_title(name, fontsize=7, loc="left")
        for axis, image in zip(line, images[:SHOWN], strict=True):
            axis.imshow(image[..., 0], cmap="gray", vmin=0, vmax=255)
    _finish(figure, axes, path)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="DATA")
    parser.add_argument("--work", type=Path, default=Path("runs/medical"))
    given = parser.parse_args()
    data = str(Path(given.data).resolve()) if Path(given.data).exists() else given.data
    classifiers = [
        trained("classifier", given.work / f"classifier-real-{seed}", data, **CLASSIFIER, seed=seed)
        for seed in range(SEEDS)
    ]
    found: dict[str, Any] = {"data": Path(given.data).name, "tasks": TASKS, "model": MODEL, "image_size": SIZE}
    for task in TASKS:
        found[task] = measured(data, task, classifiers, given.work)
        for name, each in found[task].items():
            print(task, name, each, flush=True)
    print(write("medical_restoration", __doc__, found))


if __name__ == "__main__":
    main()
