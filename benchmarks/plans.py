"""Whether `--plan` is right: what it predicts for runs of 200 training steps, and what these then take.

    python benchmarks/plans.py [RECIPE ...]

For each recipe, on the built-in digits: `hf-genimg train RECIPE --plan`, then the same run, both as commands in
processes of their own, on as many threads as OMP_NUM_THREADS says. Compared are the wall seconds from the start of the
process to its end, the largest resident memory of the process as the system counts it, and the bytes in the run's
folder; each as planned / real. One uncounted plan comes before, so that files are in the page cache for both. Not for a
busy machine: a plan cannot know what else will run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _measure import write

from hf_genimg.recipes import recipe_class

STEPS = 200
RECIPES = ("mlp_gan", "dcgan", "mlp_vae", "conv_vae", "pix2pix")
LINE = re.compile(r"about (\d+):(\d+):(\d+) hours, ([\d.]+) GB of memory.*, ([\d.]+) MB of disk")


def command(*arguments: str) -> tuple[str, float, int]:
    """What a command prints, its wall seconds, and the most bytes of memory that it held."""
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "hf_genimg.cli", *arguments], stdout=subprocess.PIPE, text=True)
    with process.stdout:
        printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if status:
        raise SystemExit(f"{' '.join(arguments)} failed")
    return printed, time.monotonic() - began, usage.ru_maxrss * 1024


def compare(name: str) -> dict[str, float]:
    """Planned and real seconds, memory and disk of one recipe."""
    run = ["train", name, f"images={STEPS * recipe_class(name)().batch_size}"]
    command(*run, "--plan")
    hours, minutes, seconds, memory, disk = map(float, LINE.search(command(*run, "--plan")[0]).groups())
    with tempfile.TemporaryDirectory() as folder:
        _, real_seconds, real_memory = command(*run, "--out", f"{folder}/run")
        real_disk = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
    planned = {
        "seconds": 3600 * hours + 60 * minutes + seconds,
        "gigabytes_of_memory": memory,
        "megabytes_of_disk": disk,
    }
    real = {"seconds": real_seconds, "gigabytes_of_memory": real_memory / 1e9, "megabytes_of_disk": real_disk / 1e6}
    return {
        key: {"planned": planned[key], "real": round(real[key], 2), "ratio": round(planned[key] / real[key], 3)}
        for key in planned
    }


def main(names: list[str]) -> None:
    """Compare the recipes in `names`, or all, and write results/plans.json."""
    measured = {name: compare(name) for name in names or RECIPES}
    for name, values in measured.items():
        print(name, {key: value["ratio"] for key, value in values.items()}, file=sys.stderr)
    print(write("plans", __doc__, measured))


if __name__ == "__main__":
    main(sys.argv[1:])
