"""Unpaired translation: photographs to an oil filter of other photographs, where the truth is known, and to paintings.

    python benchmarks/unpaired.py make --data PHOTOS --out FOLDER
    python benchmarks/unpaired.py filter --data FOLDER [--grid FILE.png] [--name NAME] RUN...
    python benchmarks/unpaired.py paintings --data PHOTOS@test --to PAINTINGS@test [--name NAME] RUN...

`make` writes `trainA`, the first half of the training photographs, `trainB`, the second half through the filter, and
`testA` and `testB`, the held-out photographs before and after the filter, all with 128 pixels at the shorter side. The
filter is Kuwahara's (four windows of 3x3 pixels, the mean of the one that varies least) under a warm tone.

Method: filter: held-out photographs are translated whole and compared with the same photographs through the filter:
PSNR over all pixels and channels after rounding to 8 bits, and the perceptual distance by efficientnet-lite0 at all its
taps, of the centre squares of 128 pixels. `identity` is the photograph as it is, `colours` the photograph with the mean
and the deviation of each channel of `trainB` instead of those of `trainA`. Cycle: PSNR between a photograph and
what both translators make of it, beside that between the photograph and its translation. Means over photographs with 95
percent intervals; gains are over the identity, photograph by photograph. paintings: Frechet distances by
efficientnet-lite0 between crops of 64 pixels (of 128 at the shorter side, 20 of each picture) of held-out paintings and
of held-out photographs, translated or not; the interval of the gain by the standard deviation over bootstrap samples
of photographs and paintings.
A grid shows photograph, colours, translations and truth of the first eight.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import torch
from _measure import write
from PIL import Image
from scipy.ndimage import uniform_filter

import hf_genimg
from hf_genimg.evaluation.frechet import frechet_distance, statistics
from hf_genimg.evaluation.perceptual import FeatureDistance
from hf_genimg.evaluation.scores import Z, mean_score
from hf_genimg.features import load_features

SIDE = 128  # pixels of the shorter side
WINDOW = 3  # pixels a side of Kuwahara's four windows
MIXING = np.array([[0.85, 0.25, 0.05], [0.20, 0.65, 0.05], [0.15, 0.15, 0.45]])
GAMMA, BLACK = np.array([0.75, 1.10, 1.50]), 0.08
SHOWN = 8
CROP, CROPS, REPEATS = 64, 20, 20  # pixels, of each picture, bootstrap samples
LITE0 = "efficientnet-lite0"
Pictures = list[np.ndarray]  # uint8 [H, W, 3] each


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


def read(folder: Path) -> Pictures:
    """The pictures of a folder, by name."""
    return [np.asarray(Image.open(file).convert("RGB")) for file in sorted(folder.glob("*.png"))]


def translated(pipe: Any, pictures: Pictures, reverse: bool = False) -> Pictures:
    """What a pipeline makes of each, at its own size."""
    made = pipe([Image.fromarray(picture) for picture in pictures], reverse=reverse, max_batch_size=1).images
    return [np.asarray(image) for image in made]


def recoloured(pictures: Pictures, folder: Path) -> Pictures:
    """With the mean and deviation of each channel of `trainB` instead of those of `trainA`."""
    (mean, spread), (new_mean, new_spread) = (
        (pixels.mean(0), pixels.std(0))
        for pixels in (
            np.concatenate([each.reshape(-1, 3) for each in read(folder / name)]).astype(np.float64)
            for name in ("trainA", "trainB")
        )
    )
    made = [(picture - mean) / spread * new_spread + new_mean for picture in pictures]
    return [np.rint(picture.clip(0, 255)).astype(np.uint8) for picture in made]


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(((one.astype(np.float64) - other) ** 2).mean(), 1e-9)))


def squares(pictures: Pictures) -> torch.Tensor:
    """The centre squares: uint8 [N, 3, 128, 128]."""
    found = []
    for picture in pictures:
        top, left = ((side - SIDE) // 2 for side in picture.shape[:2])
        found.append(picture[top : top + SIDE, left : left + SIDE])
    return torch.from_numpy(np.stack(found)).permute(0, 3, 1, 2)


def summary(**values: np.ndarray) -> dict[str, float]:
    """Means with intervals."""
    found = {}
    for name, column in values.items():
        score = mean_score(column)
        found |= {name: score.value, f"{name}_low": score.low, f"{name}_high": score.high}
    return {name: round(value, 4) for name, value in found.items()}


def beside_the_filter(folder: Path, runs: list[str], grid: str | None) -> dict[str, dict[str, float]]:
    """The scores of each run and of both baselines."""
    photos, truth = read(folder / "testA"), read(folder / "testB")
    distance, found, cycles = FeatureDistance(LITE0), {"identity": photos, "colours": recoloured(photos, folder)}, {}
    for run in runs:
        pipe = hf_genimg.load(run)
        pipe.set_progress_bar_config(disable=True)
        found[Path(run).name] = made = translated(pipe, photos)
        if pipe.capabilities.reverse:
            cycles[Path(run).name] = translated(pipe, made, reverse=True)
    rows, scores = [squares(photos[:SHOWN])], {}
    levels = {name: np.array([psnr(*pair) for pair in zip(made, truth, strict=True)]) for name, made in found.items()}
    far = {name: distance(squares(made), squares(truth)).numpy() for name, made in found.items()}
    for name, made in found.items():
        gains = {"gain": levels[name] - levels["identity"], "nearer": far["identity"] - far[name]}
        scores[name] = {"photographs": len(made), **summary(psnr=levels[name], perceptual=far[name], **gains)}
        if name in cycles:
            closed = np.array([psnr(*pair) for pair in zip(cycles[name], photos, strict=True)])
            moved = np.array([psnr(*pair) for pair in zip(made, photos, strict=True)])
            scores[name] |= summary(cycle=closed, moved=moved, cycle_gain=closed - moved)
        rows += [squares(made[:SHOWN])] if name != "identity" else []
        print(name, scores[name], flush=True)
    if grid:
        rows.append(squares(truth[:SHOWN]))
        Image.fromarray(np.vstack([np.hstack(list(row.permute(0, 2, 3, 1).numpy())) for row in rows])).save(grid)
    return scores


def crops(data: str) -> torch.Tensor:
    """Crops of the pictures of a set, each picture's one after another: float [N, 3, 64, 64] in [-1, 1]."""
    found = hf_genimg.open_dataset(data, image_size=CROP, image_channels=3, random_crop=True, crop_from=SIDE)
    indices = torch.arange(len(found)).repeat_interleave(CROPS)
    return found.batch(indices, seeds=torch.arange(len(indices)))["images"]


@torch.no_grad()
def beside_paintings(photos: str, paintings: str, runs: list[str]) -> dict[str, dict[str, float]]:
    """Distances to paintings, of photographs and of what each run makes of them."""
    network, given = load_features(LITE0), crops(photos)
    made = {"identity": given}
    for run in runs:
        pipe = hf_genimg.load(run)
        pipe.set_progress_bar_config(disable=True)
        made[Path(run).name] = pipe(given, max_batch_size=64, output_type="pt").images * 2 - 1

    def vectors(images: torch.Tensor) -> np.ndarray:
        return torch.cat([network.vector(part) for part in images.split(64)]).double().numpy()

    features, real = {name: vectors(images) for name, images in made.items()}, vectors(crops(paintings))
    scores = {name: {"fid": frechet_distance(statistics(each), statistics(real))} for name, each in features.items()}
    random = np.random.default_rng(0)
    repeats: dict[str, list[float]] = {name: [] for name in features}
    for _ in range(REPEATS):
        counts, real_counts = (picked(len(each), random) for each in (given, real))
        target = statistics(real, real_counts)
        for name, each in features.items():
            repeats[name].append(frechet_distance(statistics(each, counts), target))
    for name in [Path(run).name for run in runs]:
        gains = np.array(repeats["identity"]) - np.array(repeats[name])
        gain, spread = scores["identity"]["fid"] - scores[name]["fid"], Z * float(gains.std(ddof=1))
        scores[name] |= {"gain": gain, "gain_low": gain - spread, "gain_high": gain + spread}
    return {name: {key: round(value, 4) for key, value in score.items()} for name, score in scores.items()}


def picked(crops: int, random: np.random.Generator) -> np.ndarray:
    """How often each crop counts where pictures are sampled with replacement: int [N]."""
    pictures = crops // CROPS
    return random.multinomial(pictures, np.full(pictures, 1 / pictures)).repeat(CROPS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("task", choices=("make", "filter", "paintings"))
    parser.add_argument("runs", nargs="*", metavar="RUN")
    parser.add_argument("--data", required=True)
    parser.add_argument("--to")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--grid")
    parser.add_argument("--name")
    given = parser.parse_args()
    if given.task == "make":
        make(Path(given.data), given.out)
        return
    if given.task == "filter":
        scores = beside_the_filter(Path(given.data), given.runs, given.grid)
    else:
        scores = beside_paintings(given.data, given.to, given.runs)
        print(scores)
    print(write(given.name or f"unpaired_{given.task}", __doc__.partition("Method: ")[2], scores))


if __name__ == "__main__":
    main()
