"""Whether a long run stays as it began: memory, open files, time of a training step and disk over 200,000 steps of a
tiny recipe.

    python benchmarks/endurance.py [STEPS]

Trains the MLP GAN, 16 hidden units, on the built-in digits at 8 pixels in batches of 8, with everything a run does
besides: checkpoints once a minute and every tenth of the run, grids, held-out terms, the log. Ten times a run it notes
the resident memory of the process, its open files, the milliseconds a training step took since the last note, and the
size of the run's folder without log and grids, which are meant to grow. The last figures are compared with those after
a fifth of the run, when caches are warm. Linux only: it reads /proc.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _measure import write

from hf_genimg.recipes import recipe_class
from hf_genimg.training.callbacks import Callback
from hf_genimg.training.loop import default_callbacks, train
from hf_genimg.training.state import Run

BATCH, NOTES = 8, 10


class Notes(Callback):
    """What the process and its folder take, ten times a run."""

    name = "notes"

    def __init__(self, images: int) -> None:
        self.every = images // NOTES
        self.began, self.notes = time.monotonic(), []

    def __call__(self, run: Run) -> None:
        now = time.monotonic()
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        growing = (run.directory.samples, run.directory.log, run.directory.curve)
        kept = [
            file for file in run.directory.path.rglob("*") if file.is_file() and not {file, file.parent} & set(growing)
        ]
        self.notes.append(
            {
                "rounds": run.images // BATCH,
                "resident_megabytes": round(resident / 1e6, 2),
                "open_files": len(os.listdir("/proc/self/fd")),
                "milliseconds_a_round": round(1e3 * (now - self.began) / (self.every // BATCH), 3),
                "disk_kilobytes": round(sum(file.stat().st_size for file in kept) / 1e3, 2),
            }
        )
        print(self.notes[-1], file=sys.stderr)
        self.began = time.monotonic()


def main(steps: int = 200_000) -> None:
    """Train for `steps` training steps and write results/endurance.json."""
    images = steps * BATCH
    every = images // NOTES
    fields: dict[str, Any] = {
        "generator_width": 16,
        "discriminator_width": 16,
        "latent_dim": 8,
        "image_size": 8,
        "batch_size": BATCH,
        "images": images,
    }
    recipe = recipe_class("mlp_gan")().override(
        **fields, snapshot_images=every, sample_images=every, log_images=every // 10
    )
    notes = Notes(images)
    with tempfile.TemporaryDirectory() as folder:
        train(recipe, Path(folder) / "run", callbacks=[*default_callbacks(recipe), notes])
    early, late = notes.notes[1], notes.notes[-1]
    growth = {name: round(late[name] / early[name], 4) for name in early if name != "rounds"}
    print(write("endurance", __doc__, {"late_over_early": growth, "notes": notes.notes}), growth)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
