"""What an evening on a plain CPU gives: families for a folder of pictures, after an equal budget of CPU time.

    python benchmarks/evening.py [--data sprites faces ...] [--families projected_gan ...] [--cpu 300] [--work DIR]

Each family is probed for twenty training steps; their speed, in CPU seconds, gives how many images it is trained on,
and what the run really took is recorded beside. A CPU second on a machine that is busy does less than on an idle one.
The models are scored against the training split of the data by two extractors: efficientnet-lite0, which flatters
models whose discriminator is on its features, and one that none was trained with: the classifier of sprites that is
part of the repository (for other data than sprites no more than some features that are not ImageNet's).

An entry that is there is kept, and a run that was stopped goes on.

Results: results/evening_DATA_FAMILY_cpu-SECONDS.json, and a grid of 64 images beside it;
benchmarks/what_to_use.py makes the tables of them.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from _measure import RESULTS, write
from quality import SHARED, Budget

import hf_genimg
from hf_genimg.recipes import recipe_class
from hf_genimg.training.recipe import Recipe

SETS = {  # data, image_size, further fields
    "sprites": ("dungeon-sprites-text", 32, {}),
    "faces": ("celeba-10k", 64, {"flip": True}),
    "paintings": ("paintings", 64, {"flip": True, "label_column": None}),
    "cifar10-jpeg": ("cifar10-jpeg", 32, {"flip": True}),
}
FAMILIES: dict[str, dict[str, Any]] = {
    "projected_gan": {},
    "fastgan": {},
    "dcgan": {"diff_augment": "color,translation,cutout"},
    "r3gan": {},
    "wgan_gp": {},
    "sngan": {},
    "conv_vae": {},
    "rae": {},
}
OTHER = Path(__file__).resolve().parents[1] / "model_cards" / "classifier-sprites"
METRICS = ("fid", "precision", "recall")
COPIES = "memorization"  # measured beside them by the second extractor
SCORED = 1_000  # images of a model


def recipe_of(data: str, family: str) -> Recipe:
    """The family with its defaults for a set."""
    folder, size, fields = SETS[data]
    values = {"data": str(SHARED / folder), "image_size": size, **fields, **FAMILIES[family]}
    chosen = recipe_class(family)()
    return chosen.override(**{name: value for name, value in values.items() if value is not None})


def measured(data: str, family: str, budget: Budget, work: Path) -> Path:
    """Train, score and write one entry."""
    entry = f"evening_{data}_{family}_{budget}"
    recipe, run = recipe_of(data, family), work / entry
    noted = run.with_suffix(".json")
    if not noted.exists():
        work.mkdir(parents=True, exist_ok=True)
        noted.write_text(json.dumps({"images": budget.images(recipe)}))
    recipe = recipe.override(images=json.loads(noted.read_text())["images"])
    cpu, fresh = time.process_time(), not run.exists()
    pipeline = hf_genimg.train(recipe, run)
    took = {"cpu_seconds": round(time.process_time() - cpu, 1)} if fresh else {}
    pipeline.save_grid(RESULTS / f"{entry}.png", num_images=64, seed=0, overwrite=True)
    scores = {}
    for name, extractor in (("efficientnet-lite0", "efficientnet-lite0"), ("classifier-sprites", str(OTHER))):
        metrics = [*METRICS, COPIES] if extractor == str(OTHER) else [*METRICS]
        report = hf_genimg.evaluate(
            run, f"{recipe.data}@train", metrics=metrics, extractor=extractor, num=SCORED, progress=False
        )
        scores[name] = {metric: round(score.value, 4) for metric, score in report.scores.items()}
    found = {"data": data, "family": family, "images": recipe.images, **took, "scores": scores}
    return write(entry, __doc__, found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    parser.add_argument("--cpu", type=float, default=300.0)
    parser.add_argument("--work", type=Path, default=Path("/tmp/evening"))
    arguments = parser.parse_args()
    for data in arguments.data:
        for family in arguments.families:
            budget = Budget("cpu", arguments.cpu)
            if not (RESULTS / f"evening_{data}_{family}_{budget}.json").exists():
                print(measured(data, family, budget, arguments.work))
    return 0


if __name__ == "__main__":
    sys.exit(main())
