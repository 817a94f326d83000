"""How good recipes are after an equal budget, scored under one protocol for each set of images.

    python benchmarks/quality.py [--data digits|mnist|sprites ...] [--recipes mlp_gan ...] [--wall 600 | --cpu SECONDS]
    [--work DIR]

Each recipe is probed for twenty training steps, which are thrown away; its speed gives how many images it is trained on
within the budget (wall seconds, by default 600, or seconds of CPU time), and for so many it is trained with its
defaults but image size and data. Time is as good as the probe: what a run really took is recorded beside. The images of
the seeds from 0 on are then scored against the training split; those of MNIST against the test split, for 60,000 images
take minutes to compare with. Features of digits and MNIST are by the extractor `digits`, of sprites by a LeNet for
their six classes that is trained here first, from a fixed seed. An entry that is there is kept, and a run that was
stopped goes on, so that the benchmark can be made in pieces.

Results: results/quality_DATA_RECIPE_BUDGET.json, a grid of 64 images beside it, and by `python benchmarks/table.py` the
leaderboard of docs/results.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from _measure import RESULTS, write

import hf_genimg
from hf_genimg.recipes import recipe_class
from hf_genimg.training.plan import plan
from hf_genimg.training.recipe import Recipe

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
RECIPES = (
    *("mlp_gan", "dcgan", "mlp_vae", "conv_vae", "cgan_mlp", "cgan", "acgan", "infogan"),
    *("sngan", "wgan_gp", "cgan_projection", "sagan", "biggan", "r3gan"),
)
WALL = 600.0
SCORED = 5000  # images of a model, where the training split has as many


@dataclass(frozen=True)
class Set:
    """Where images are, at which size they are learned, and who looks at them: an extractor's name, or None for a
    classifier made here.

    split: which images the models' are compared with.
    """

    data: str
    image_size: int
    extractor: str | None
    split: str = "train"


SETS = {
    "digits": Set("digits", 32, "digits"),
    "mnist": Set(str(SHARED / "mnist"), 32, "digits", "test"),
    "sprites": Set(str(SHARED / "dungeon-sprites"), 32, None),
}


@dataclass(frozen=True)
class Budget:
    """Seconds of `wall` time or of `cpu` time."""

    kind: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.kind}-{self.seconds:g}"

    def images(self, recipe: Recipe) -> int:
        """For how many this recipe has the time, from a probe."""
        wall, cpu = time.monotonic(), time.process_time()
        found = plan(recipe, progress=False)
        busy = (time.process_time() - cpu) / (time.monotonic() - wall)
        players = recipe.objective().players
        images = found.steps * recipe.batch_size * players.count(players[0])
        seconds = found.seconds * (busy if self.kind == "cpu" else 1)
        return max(recipe.batch_size, int(images / seconds * self.seconds))


def extractor_of(name: str, work: Path) -> str:
    """The extractor of a set; a classifier is trained where it needs one."""
    chosen = SETS[name]
    if chosen.extractor:
        return chosen.extractor
    run = work / f"extractor-{name}"
    hf_genimg.train(
        "classifier",
        run,
        data=chosen.data,
        image_size=chosen.image_size,
        feature_dim=48,
        images=60_000,
        label_smoothing=0.1,
    )
    return str(run)


def prepared(name: str, recipe: str, budget: Budget, work: Path) -> tuple[Recipe, Path]:
    """The recipe with the number of images that it has time for, which is probed once, and its run's folder."""
    chosen = SETS[name]
    run = work / f"{name}-{recipe}-{budget}"
    instance = recipe_class(recipe)().override(data=chosen.data, image_size=chosen.image_size, upscale=True)
    noted = run.with_suffix(".json")
    if not noted.exists():
        work.mkdir(parents=True, exist_ok=True)
        noted.write_text(json.dumps({"images": budget.images(instance)}))
    return instance.override(images=json.loads(noted.read_text())["images"]), run


def measured(name: str, recipe: str, budget: Budget, work: Path) -> Path:
    """Train, score and write one entry."""
    instance, run = prepared(name, recipe, budget, work)
    wall, cpu = time.monotonic(), time.process_time()
    fresh = not run.exists()
    pipeline = hf_genimg.train(instance, run)
    took = (
        {"wall_seconds": round(time.monotonic() - wall, 1), "cpu_seconds": round(time.process_time() - cpu, 1)}
        if fresh
        else {}
    )
    chosen = SETS[name]
    count = min(SCORED, len(instance.dataset()))
    report = hf_genimg.evaluate(
        run, f"{chosen.data}@{chosen.split}", extractor=extractor_of(name, work), num=count, progress=False
    )
    entry = entry_of(name, recipe, budget)
    pipeline.save_grid(RESULTS / f"{entry}.png", num_images=64, seed=0, overwrite=True)
    scores = asdict(replace(report, pictures={}))
    del scores["pictures"]
    scores["protocol"]["reference"] = name  # not where it lies on this machine
    if chosen.extractor is None:
        scores["protocol"]["extractor"] = f"LeNet for {name}, trained here"
    found = {"data": name, "recipe": recipe, "budget": asdict(budget), "images": instance.images, **took, **scores}
    return write(entry, __doc__, found)


def entry_of(name: str, recipe: str, budget: Budget) -> str:
    """Name of the files of a result."""
    return f"quality_{name}_{recipe}_{budget}"


def main() -> None:
    """Make what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--recipes", nargs="+", default=list(RECIPES))
    parser.add_argument("--wall", type=float, default=WALL, help="seconds for each recipe and set")
    parser.add_argument("--cpu", type=float, help="seconds of CPU time instead")
    parser.add_argument("--work", type=Path, default=Path("runs/quality"))
    given = parser.parse_args()
    budget = Budget("cpu", given.cpu) if given.cpu else Budget("wall", given.wall)
    if budget.seconds <= 0:
        raise SystemExit(f"a budget of {budget.seconds:g} seconds is none; use more than 0")
    for name in given.data:
        if not (SETS[name].data == "digits" or Path(SETS[name].data).is_dir()):
            print(f"{name}: left out, for {SETS[name].data} is not on this machine", file=sys.stderr)
            continue
        for recipe in given.recipes:
            kept = (RESULTS / f"{entry_of(name, recipe, budget)}.json").exists()
            print(
                f"{name} {recipe}: {'there already' if kept else measured(name, recipe, budget, given.work)}",
                file=sys.stderr,
            )


if __name__ == "__main__":
    main()
