"""Super-resolution and denoising beside the published values, haze and low light beside classical methods: Set5, Set14
and CBSD68.

    python benchmarks/restoration.py --data FOLDER [x2=RUN] [noise25=RUN] [haze=RUN] [dark=RUN]... [--name NAME]

FOLDER holds the three sets as splits of parquet files. A task is `xS`, enlargement by S, `noiseN`, Gaussian noise of N
levels, or `haze` or `dark`, perhaps with a number, as in `haze:1.0`; several models of one task are given one after
another. Results go to `results/NAME.json`, and one table is printed.

Method: enlargement. Each picture is cut to a multiple of S at the right and bottom, made smaller as MATLAB's imresize
does (antialiased bicubic, rounded to 8 bits), enlarged by the model in float32 and rounded to 8 bits; PSNR and SSIM are
of the luma of BT.601 (16 to 235), without a border of S pixels, SSIM where its window of 11 pixels lies inside. Grey
pictures are their own luma. Perceptual: the distance by efficientnet-lite0 at all its taps, of whole pictures. `+`
behind a model: the mean of its eight outputs for the turned and mirrored input.
Denoising: PSNR and SSIM over all channels and pixels; `float` noise is added to the pictures and neither clipped nor
rounded, as in the literature, `8 bits` is clipped and rounded, as a file holds it; seeds 0, 1, 2, ... by picture.
Haze and low light: as training makes them, of a smooth random depth field and by a random gamma with noise, rounded to
8 bits, seeds by picture; PSNR and SSIM over all channels and pixels. The baselines are the dark channel prior (15x15
pixels, omega 0.95, least transmission 0.1, guided filter), scikit-image's CLAHE on the value of HSV, and for noise its
non-local means.
Intervals: 95 percent, of the mean over pictures. The gain is over the baseline, picture by picture.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import numpy as np
import pyarrow.parquet
import torch
from _measure import write
from classical import clahe, nonlocal_means, without_haze
from PIL import Image

import hf_genimg
from hf_genimg.data import parse_degradation
from hf_genimg.data.resampling import bicubic
from hf_genimg.evaluation.paired import on_luma, psnr, ssim
from hf_genimg.evaluation.perceptual import FeatureDistance
from hf_genimg.evaluation.scores import mean_score
from hf_genimg.layers.dihedral import dihedral, undone
from hf_genimg.pipelines.images import to_uint8

SETS = ("set5", "set14", "cbsd68")
# PSNR, SSIM: Set5 and Set14 as the authors of each report them. CDnCNN: of the colour model at 25 levels on CBSD68.
PUBLISHED = {
    "x2": {
        "SRCNN (arXiv:1501.00092)": {"set5": (36.66, 0.9542), "set14": (32.42, 0.9063)},
        "VDSR (arXiv:1511.04587)": {"set5": (37.53, 0.9587), "set14": (33.03, 0.9124)},
        "EDSR (arXiv:1707.02921)": {"set5": (38.11, 0.9602), "set14": (33.92, 0.9195)},
    },
    "x4": {
        "SRCNN (arXiv:1501.00092)": {"set5": (30.48, 0.8628), "set14": (27.49, 0.7503)},
        "VDSR (arXiv:1511.04587)": {"set5": (31.35, 0.8838), "set14": (28.01, 0.7674)},
        "SRResNet (arXiv:1609.04802)": {"set5": (32.05, 0.9019), "set14": (28.49, 0.8184)},
        "EDSR (arXiv:1707.02921)": {"set5": (32.46, 0.8968), "set14": (28.80, 0.7876)},
    },
    "noise25": {"CDnCNN (arXiv:1608.03981)": {"cbsd68": (31.2, None)}},
}
CLASSICAL = {"haze": ("dark channel prior", without_haze), "dark": ("CLAHE", clahe)}
Method = Callable[[torch.Tensor], torch.Tensor]  # inputs float [1, C, h, w] in [-1, 1] to images [1, C, H, W]
Values = list[tuple[float, ...]]  # PSNR and SSIM, and the perceptual distance of enlargements, picture by picture


def pictures(folder: Path, name: str) -> Iterator[np.ndarray]:
    """The pictures of a set: uint8 [H, W, 1 or 3]."""
    for file in sorted(folder.glob(f"**/{name}-*.parquet")):
        for cell in pyarrow.parquet.read_table(file, columns=["image"]).column(0).to_pylist():
            picture = Image.open(io.BytesIO(cell["bytes"]))
            levels = np.asarray(picture.convert("L" if picture.mode in ("1", "L") else "RGB"))
            yield levels[..., None] if levels.ndim == 2 else levels


def tensor(levels: np.ndarray) -> torch.Tensor:
    """[H, W, C] in [0, 255] to float32 [1, C, H, W] in [-1, 1]."""
    return torch.from_numpy(levels.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]


def rounded(images: torch.Tensor) -> torch.Tensor:
    """Float [N, C, H, W] in [-1, 1] to whole levels from 0 to 255, float64."""
    return to_uint8(images).permute(0, 3, 1, 2).double()


def same_channels(images: torch.Tensor, channels: int) -> torch.Tensor:
    """Grey repeated, or the mean of the channels of what was grey: a model of colour makes nearly equal ones of it."""
    return images.expand(-1, channels, -1, -1) if images.shape[1] == 1 else images.mean(1, keepdim=True)


def applied(network: torch.nn.Module, ensemble: bool, inputs: torch.Tensor) -> torch.Tensor:
    """The network's images, of as many channels as the inputs."""
    wanted, given = inputs.shape[1], network.config.input_channels
    inputs = inputs if wanted == given else same_channels(inputs, given)
    multiple = network.size_multiple
    height, width = inputs.shape[2:]
    padded = torch.nn.functional.pad(inputs, (0, -width % multiple, 0, -height % multiple), mode="reflect")
    numbers = range(8) if ensemble else range(1)
    made = sum(undone(network(dihedral(padded, number)), number) for number in numbers) / len(numbers)
    made = made[..., : network.scale * height, : network.scale * width]
    return made if made.shape[1] == wanted else same_channels(made, wanted)


@cache
def perceptual() -> FeatureDistance:
    return FeatureDistance("efficientnet-lite0")


def enlargement(levels: np.ndarray, scale: int, methods: dict[str, Method]) -> dict[str, tuple[float, ...]]:
    """PSNR, SSIM and perceptual distance of one picture by method; the first is bicubic enlargement."""
    height, width = (side // scale * scale for side in levels.shape[:2])
    levels = levels[:height, :width]
    small = np.rint(bicubic(levels, height // scale, width // scale).clip(0, 255))
    target = torch.from_numpy(levels.copy()).permute(2, 0, 1)[None].double()
    made = {"bicubic": rounded(tensor(bicubic(small, height, width)))}
    made |= {name: rounded(method(tensor(small))) for name, method in methods.items()}
    distance = perceptual()
    return {
        name: (*(on_luma(each, scale, image, target).item() for each in (psnr, ssim)), distance(image, target).item())
        for name, image in made.items()
    }


def denoising(
    levels: np.ndarray, sigma: float, methods: dict[str, Method], seed: int
) -> dict[str, tuple[float, float]]:
    """As `enlargement`; the baseline is the noisy picture itself."""
    noisy = levels + np.random.default_rng(seed).normal(0, sigma, levels.shape)
    target, found = torch.from_numpy(levels.copy()).permute(2, 0, 1)[None].double(), {}
    for kind, inputs in (("float", noisy), ("8 bits", np.rint(noisy.clip(0, 255)))):
        made = {f"noisy, {kind}": torch.from_numpy(inputs).permute(2, 0, 1)[None].double()}
        made[f"non-local means, {kind}"] = rounded(tensor(nonlocal_means(inputs, sigma)))
        made |= {f"{name}, {kind}": rounded(method(tensor(inputs))) for name, method in methods.items()}
        found |= {name: tuple(each(image, target).item() for each in (psnr, ssim)) for name, image in made.items()}
    return found


def degraded(levels: np.ndarray, task: str, methods: dict[str, Method], seed: int) -> dict[str, tuple[float, float]]:
    """As `enlargement`, of a picture with haze or too little light."""
    inputs = parse_degradation(task)(levels, seed)
    classical, restore = CLASSICAL[task.partition(":")[0]]
    made = {"input": rounded(tensor(inputs)), classical: rounded(tensor(restore(inputs)))}
    made |= {name: rounded(method(tensor(inputs))) for name, method in methods.items()}
    target = torch.from_numpy(levels.copy()).permute(2, 0, 1)[None].double()
    return {
        name: (psnr(image, target).item(), ssim(image.float(), target.float()).item())  # float32: 20 times as fast
        for name, image in made.items()
    }


def restored(task: str, levels: np.ndarray, methods: dict[str, Method], seed: int) -> dict[str, tuple[float, ...]]:
    """The values of one picture of a task, by method."""
    if task.partition(":")[0] in CLASSICAL:
        return degraded(levels, task, methods, seed)
    if task.startswith("x"):
        return enlargement(levels, int(task[1:]), methods)
    return denoising(levels, float(task.removeprefix("noise")), methods, seed)


@torch.no_grad()
def measured(
    folder: Path, task: str, models: list[str], sets: list[str], ensemble: bool
) -> dict[str, dict[str, Values]]:
    """The values of each method on each set."""
    methods: dict[str, Method] = {}
    for model in models:
        network = hf_genimg.load(model).network.eval()
        count = sum(weights.numel() for weights in network.parameters())
        name = f"{type(network).__name__} {count:,} ({Path(model).name})"
        methods[name] = partial(applied, network, False)
        if ensemble:
            methods[f"{name} +"] = partial(applied, network, True)
    found: dict[str, dict[str, Values]] = {}
    for name in sets if task.startswith("x") else ["cbsd68"]:
        for number, levels in enumerate(pictures(folder, name)):
            for method, value in restored(task, levels, methods, number).items():
                found.setdefault(method, {}).setdefault(name, []).append(value)
    return found


def summary(values: Values, baseline: Values) -> dict[str, float]:
    """Means with intervals, and the gain in PSNR over the baseline."""
    columns = dict(zip(("psnr", "ssim", "perceptual"), np.array(values).T, strict=False))
    columns["gain"] = columns["psnr"] - np.array(baseline)[:, 0]
    result = {"pictures": len(values)}
    for name, column in columns.items():
        score = mean_score(column)
        result |= {name: score.value, f"{name}_low": score.low, f"{name}_high": score.high}
    return {name: round(value, 4) for name, value in result.items()}


def rows(task: str, found: dict[str, dict[str, Values]]) -> dict[str, dict[str, dict[str, float]]]:
    """By method and set, published ones last."""
    measured_rows = {}
    for method, sets in found.items():
        baseline = found[baseline_of(task, method)]
        measured_rows[method] = {name: summary(values, baseline[name]) for name, values in sets.items()}
    published = {
        f"{method}, published": {name: {"psnr": level, "ssim": alike} for name, (level, alike) in sets.items()}
        for method, sets in PUBLISHED.get(task, {}).items()
    }
    return measured_rows | published


def baseline_of(task: str, method: str) -> str:
    """The method over which the gain of another is measured."""
    if task.partition(":")[0] in CLASSICAL:
        return CLASSICAL[task.partition(":")[0]][0]
    return "bicubic" if task.startswith("x") else f"noisy, {method.rpartition(', ')[2]}"


def table(results: dict[str, dict]) -> str:
    """Markdown: a row for each task and method."""
    lines = [f"| task | method | {' | '.join(SETS)} |", f"|---|---|{'---|' * len(SETS)}"]
    for task, methods in results.items():
        for method, sets in methods.items():
            lines.append(f"| {task} | {method} | {' | '.join(cell(sets.get(name)) for name in SETS)} |")
    return "\n".join(lines)


def cell(row: dict[str, float] | None) -> str:
    """PSNR / SSIM / perceptual distance, with half the interval of the PSNR where it was measured here."""
    if row is None:
        return ""
    interval = f" ± {(row['psnr_high'] - row['psnr_low']) / 2:.2f}" if "psnr_low" in row else ""
    alike = "" if row["ssim"] is None else f" / {row['ssim']:.4f}"
    far = f" / {row['perceptual']:.3f}" if "perceptual" in row else ""
    return f"{row['psnr']:.2f}{interval}{alike}{far}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=SETS)
    parser.add_argument("--ensemble", action="store_true", help="also the mean over turned and mirrored inputs")
    parser.add_argument("--name", default="restoration")
    parser.add_argument(
        "tasks",
        nargs="*",
        default=["x2=", "x4="],
        help="xS, noiseN, haze or dark, with =RUN; with = alone: baselines",
    )
    args = parser.parse_args()
    tasks: dict[str, list[str]] = {}
    for assignment in args.tasks:
        task, _, model = assignment.partition("=")
        tasks.setdefault(task, []).extend([model] if model else [])
    results = {
        task: rows(task, measured(args.data, task, models, args.sets, args.ensemble)) for task, models in tasks.items()
    }
    print(table(results))
    print(write(args.name, __doc__.partition("Method: ")[2], results))


if __name__ == "__main__":
    main()
