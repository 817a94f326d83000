"""What training keeps of its speed where the cores have other work.

    python benchmarks/busy.py [RECIPE ...]

`hf-genimg train RECIPE` with a thread for each core, for 40 seconds at a time, three times in turns: as it is, where
waiting threads soon sleep; and with GOMP_SPINCOUNT as GNU's OpenMP has it, where they stay awake for long. First on
idle cores, then beside as many processes as there are cores and one more, each of which always has work, in a session
of its own, as other programs are (so that a scheduler that is fair to sessions gives each as much as the training).
Measured are images a second, by the run's log; a ratio above 1: ours is faster. Needs torch built with GNU's OpenMP, as
on Linux.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from _measure import write

RECIPES = ("mlp_gan", "dcgan")
SECONDS, TIMES = 40, 3
THEIRS = {"GOMP_SPINCOUNT": "300000"}  # libgomp's default
WORK = [sys.executable, "-c", "while True: pass"]


@contextlib.contextmanager
def other_work(processes: int) -> Iterator[None]:
    """As many processes that never wait."""
    started = [subprocess.Popen(WORK, start_new_session=True) for _ in range(processes)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def images_per_second(recipe: str, **environment: str) -> float:
    """Of a run that is stopped after `SECONDS` seconds."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_"))}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "hf_genimg.cli", "train", recipe, "log_images=256", "--out", f"{folder}/run"]
        with subprocess.Popen(command, env=plain | environment, stderr=subprocess.DEVNULL) as process:
            time.sleep(SECONDS)
            process.send_signal(signal.SIGINT)
        speeds = [
            json.loads(line)["images_per_second"] for line in Path(folder, "run", "log.jsonl").read_text().splitlines()
        ]
    return round(statistics.harmonic_mean(speeds), 1)


def compare(recipe: str) -> dict[str, float]:
    """Medians of both, and of their ratios."""
    pairs = [(images_per_second(recipe), images_per_second(recipe, **THEIRS)) for _ in range(TIMES)]
    ours, theirs = (statistics.median(speeds) for speeds in zip(*pairs, strict=True))
    ratios = [one / two for one, two in pairs]
    return {
        "ours": ours,
        "theirs": theirs,
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
    }


def main(recipes: list[str]) -> None:
    """Compare and write results/busy.json."""
    measured = {}
    for name, processes in (("idle", 0), ("busy", (os.cpu_count() or 1) + 1)):
        with other_work(processes):
            measured[name] = {recipe: compare(recipe) for recipe in recipes}
        print(name, measured[name], file=sys.stderr)
    print(write("busy", __doc__, measured, cores=os.cpu_count()))


if __name__ == "__main__":
    main(sys.argv[1:] or list(RECIPES))
