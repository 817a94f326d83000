"""What stabilization gives on few images: the same DCGAN with and without it, scored under one protocol.

    python benchmarks/diff_augment.py DATA RUNS [--images 200000] [--width 16] [METHOD ...]

Method: one classifier (LeNet-5, 32 pixels) learns the classes of DATA's train split. `dcgan` is trained on DATA once
without a method and once with each METHOD, a list of fields such as `diff_augment=color,translation,cutout`; runs in
the folder RUNS go on where they stopped. FID is taken by the classifier's features of as many samples as DATA has
training images, with its interval; a gain counts where the intervals do not overlap. Each is one run with seed 0: the
interval covers the samples, not the training. Results: results/diff_augment.json, and a grid of 64 images of each
beside it.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from _measure import RESULTS, write

import hf_genimg
from hf_genimg.recipes import recipe_class
from hf_genimg.training.fields import parse_fields

METRICS = ["fid", "kid", "precision", "recall", "coverage"]


def trained(recipe: str, run: Path, assignments: list[str]) -> Path:
    """The folder of a finished run of `recipe` with these fields."""
    hf_genimg.train(recipe, run, **parse_fields(recipe_class(recipe), assignments))
    return run


def figures(run: Path, data: str, extractor: Path) -> dict[str, object]:
    """Scores with intervals, and the rate of the run."""
    report = hf_genimg.evaluate(str(run), data, metrics=METRICS, extractor=str(extractor), progress=False)
    scores = {
        name: {"value": score.value, "low": score.low, "high": score.high} for name, score in report.scores.items()
    }
    return {"scores": scores, "protocol": report.protocol}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="DATA")
    parser.add_argument("runs", metavar="RUNS", type=Path)
    parser.add_argument("methods", nargs="*", metavar="METHOD")
    parser.add_argument("--images", type=int, default=200_000)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    common = [f"data={arguments.data}", "image_size=32"]
    extractor = trained("classifier", arguments.runs / "classifier", [*common, "images=60000"])
    measured = {}
    for method in ["none", *arguments.methods]:
        fields = [*common, f"images={arguments.images}", f"width={arguments.width}", f"seed={arguments.seed}"]
        name = re.sub(r"\W+", "-", method) + (f"-seed-{arguments.seed}" if arguments.seed else "")
        run = trained("dcgan", arguments.runs / name, fields + ([] if method == "none" else method.split()))
        measured[method] = figures(run, arguments.data, extractor)
        grid = RESULTS / f"diff_augment_{name.removeprefix('diff_augment-')}.png"
        hf_genimg.load(run).save_grid(grid, num_images=64, seed=0, overwrite=True)
        print(method, measured[method]["scores"], flush=True)
        settings = {
            "data": Path(arguments.data).name,
            "images": arguments.images,
            "width": arguments.width,
            "seed": arguments.seed,
        }
        write("diff_augment", __doc__.partition("Method: ")[2], measured, settings=settings)


if __name__ == "__main__":
    main()
