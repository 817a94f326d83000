"""What a whole run will take, from a probe of twenty rounds that is thrown away."""

from __future__ import annotations

import math
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import mean, median

from .callbacks import Callback
from .device import peak_accelerator_memory
from .recipe import Recipe
from .run import Run
from .trainer import SNAPSHOT_SECONDS, default_callbacks, train

ROUNDS = 20
WARM = 4  # of these are not timed: the first ones allocate memory and choose kernels


@dataclass(frozen=True)
class Plan:
    """Estimates for a whole run: wall seconds, peak bytes of memory of the process and of the accelerator, bytes of the run's folder."""

    rounds: int
    seconds: float
    memory: int
    accelerator_memory: int
    disk: int

    def __str__(self) -> str:
        minutes, seconds = divmod(round(self.seconds), 60)
        hours, minutes = divmod(minutes, 60)
        device = f", {self.accelerator_memory / 1e9:.2f} GB on the accelerator" if self.accelerator_memory else ""
        memory = f"{self.memory / 1e9:.2f} GB of memory{device}" if self.memory else f"memory unknown on this system{device}"
        return f"{self.rounds:,} rounds: about {hours}:{minutes:02}:{seconds:02} hours, {memory}, {self.disk / 1e6:.1f} MB of disk"


class _Timed(Callback):
    """Another callback, with the seconds it takes and the bytes it leaves."""

    def __init__(self, callback: Callback) -> None:
        self.callback, self.name, self.every = callback, callback.name, callback.every
        self.seconds = 0.0
        self.bytes = 0

    def __call__(self, run: Run) -> None:
        before, began = _size(run.directory.samples), time.monotonic()
        self.callback(run)
        self.seconds, self.bytes = time.monotonic() - began, _size(run.directory.samples) - before


class _Clock(Callback):
    """When each round ended."""

    name, every = "clock", 1

    def __init__(self) -> None:
        self.times: list[float] = []

    def __call__(self, run: Run) -> None:
        self.times.append(time.monotonic())


def plan(recipe: Recipe, progress: bool = True) -> Plan:
    """Train `recipe` for twenty rounds in a folder that is removed again, and say what the whole run would take.

    Raises what `train` raises before work starts.
    """
    recipe.check()
    players = recipe.objective().players
    round_images = recipe.batch_size * players.count(players[0])
    rounds = math.ceil(recipe.images / round_images)
    clock, timed = _Clock(), [_Timed(callback) for callback in default_callbacks(recipe)]
    if rounds < ROUNDS:
        raise ValueError(f"images={recipe.images} is {rounds} rounds, fewer than the {ROUNDS} of a probe; just train")
    short = recipe.override(images=ROUNDS * round_images, warmup_images=0, trackers=None)
    with tempfile.TemporaryDirectory(prefix="hf_genimg-plan-") as folder:
        began = time.monotonic()
        train(short, Path(folder) / "run", callbacks=[clock, *timed], progress=progress)
        ended = time.monotonic()
        run = Path(folder) / "run"
        once = _size(run) - _size(run / "samples") - (run / "log.jsonl").stat().st_size  # the state and the pipeline
        line = (run / "log.jsonl").stat().st_size // _times(recipe.log_images, short.images)
    round_seconds = _typical(clock.times[WARM - 1 :])
    measured = sum(callback.seconds for callback in timed)
    saving = ended - clock.times[-1] - measured
    seconds = clock.times[0] - began + (rounds - 1) * round_seconds + saving
    seconds += sum(callback.seconds * _times(callback.every, recipe.images) for callback in timed)
    seconds += saving * max(_times(recipe.snapshot_images, recipe.images) - 1, seconds / SNAPSHOT_SECONDS)
    disk = once + sum(callback.bytes * _times(callback.every, recipe.images) for callback in timed)
    disk += line * _times(recipe.log_images, recipe.images)
    return Plan(rounds, seconds, _peak_memory(), peak_accelerator_memory(), disk)


def _typical(times: list[float]) -> float:
    """The mean of the rounds that ended at `times`, where one that took five times the median was held up by something else."""
    rounds = [after - before for before, after in pairwise(times)]
    middle = median(rounds)
    return mean(seconds if seconds < 5 * middle else middle for seconds in rounds)


def _times(every: int | None, images: int) -> int:
    """How often something happens that happens every so many images, and at the end."""
    return 1 if every is None else math.ceil(images / every)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) if folder.exists() else 0


def _peak_memory() -> int:
    """Bytes that this process has held at most; 0 where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
