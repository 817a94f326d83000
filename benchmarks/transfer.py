"""What a model of other pictures gives for few of a new kind: from scratch, init=, and init= with freeze=.

    python benchmarks/transfer.py [--kind 2] [--pictures 200] [--base 60000] [--images 5000 10000] [--work DIR]

A DCGAN learns the sprites of all kinds but one. Then each variant learns the same few sprites of that kind, and is
scored after each number of images of --images. The reference is all training sprites of the kind; the features are
those of the classifier of sprites of the repository. One run each, with seed 0.

Results: results/transfer.json, and a grid of 36 images beside it for each variant after the last number of images.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from _measure import RESULTS, write
from quality import SHARED

import hf_genimg
from hf_genimg.data import open_dataset

EXTRACTOR = Path(__file__).resolve().parents[1] / "model_cards" / "classifier-sprites"
SIZE = 32
VARIANTS: dict[str, dict[str, Any]] = {"scratch": {}, "init": {"init": ""}, "init, freeze=2": {"init": "", "freeze": 2}}
METRICS = ("fid", "precision", "recall")
SCORED = 1_000  # images of a model


def sets(work: Path, kind: int, count: int) -> tuple[str, Path, Path, Path]:
    """The name of the kind, and files of the other kinds, of a few of the kind and of all of it."""
    data = open_dataset(str(SHARED / "dungeon-sprites-text"), image_size=SIZE, labels=True, progress=False)
    images, labels = np.asarray(data.images), np.asarray(data.labels)
    chosen = images[labels == kind]
    few = chosen[np.random.default_rng(0).permutation(len(chosen))[:count]]
    work.mkdir(parents=True, exist_ok=True)
    for name, part in (("others", images[labels != kind]), ("few", few), ("all", chosen)):
        np.save(work / f"{name}.npy", part)
    return (data.class_names[kind], *(work / f"{name}.npy" for name in ("others", "few", "all")))


def scores(run: Path, reference: Path) -> dict[str, float]:
    """By metric."""
    report = hf_genimg.evaluate(
        run, str(reference), extractor=str(EXTRACTOR), metrics=METRICS, num=SCORED, progress=False
    )
    return {metric: round(score.value, 3) for metric, score in report.scores.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", type=int, default=2)
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--base", type=int, default=60_000)
    parser.add_argument("--images", type=int, nargs="+", default=[5_000, 10_000])
    parser.add_argument("--work", type=Path, default=Path("/tmp/transfer"))
    arguments = parser.parse_args()
    kind, others, few, everything = sets(arguments.work, arguments.kind, arguments.pictures)
    shared = {"image_size": SIZE, "diff_augment": "color,translation,cutout", "batch_size": 32, "ema_half_life": 1_000}
    base = arguments.work / "base"
    hf_genimg.train("dcgan", base, data=str(others), images=arguments.base, **shared)
    found: dict[str, dict[int, Any]] = {}
    for number, (name, fields) in enumerate(VARIANTS.items()):
        run, filled = arguments.work / str(number), {key: value or str(base) for key, value in fields.items()}
        for images in sorted(arguments.images):
            pipeline = hf_genimg.train("dcgan", run, data=str(few), images=images, **shared, **filled)
            found.setdefault(name, {})[images] = scores(run, everything)
            print(name, images, found[name][images], flush=True)
        pipeline.save_grid(RESULTS / f"transfer_{number}.png", num_images=36, seed=0, overwrite=True)
    facts = {"kind": kind, "pictures": arguments.pictures, "base": arguments.base}
    print(write("transfer", __doc__, {**facts, "scores": found}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
