"""What a whole run will take, from a probe of twenty training steps that is thrown away."""

from __future__ import annotations

import math
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import mean, median

from .callbacks import Callback
from .device import peak_accelerator_memory
from .loop import SNAPSHOT_SECONDS, default_callbacks, train
from .recipe import Recipe
from .state import Run

STEPS = 20
WARM = 4  # of these do not say what a step takes: the first ones allocate memory and choose kernels
HALF = 10  # after so many the probe samples and saves for the first time, which also imports; at its end for the second


@dataclass(frozen=True)
class Plan:
    """Estimates for a whole run: wall seconds, peak bytes of memory of the process and of the accelerator, bytes of the
    run's folder.
    """

    steps: int
    seconds: float
    memory: int
    accelerator_memory: int
    disk: int
    privacy: str = ""  # what a private run would spend

    def __str__(self) -> str:
        minutes, seconds = divmod(round(self.seconds), 60)
        hours, minutes = divmod(minutes, 60)
        device = f", {self.accelerator_memory / 1e9:.2f} GB on the accelerator" if self.accelerator_memory else ""
        memory = (
            f"{self.memory / 1e9:.2f} GB of memory{device}" if self.memory else f"memory unknown on this system{device}"
        )
        time, disk = f"{hours}:{minutes:02}:{seconds:02} hours", f"{self.disk / 1e6:.1f} MB of disk"
        return f"{self.steps:,} training steps: about {time}, {memory}, {disk}{self.privacy}"


class _Timed(Callback):
    """Another callback, with the seconds it takes the first time and later, and the bytes it leaves."""

    def __init__(self, callback: Callback, every: int) -> None:
        self.callback, self.name, self.every = callback, callback.name, every
        self.seconds: list[float] = []
        self.bytes = 0

    def __call__(self, run: Run) -> None:
        before, began = _size(run.directory.samples), time.monotonic()
        self.callback(run)
        self.seconds.append(time.monotonic() - began)
        self.bytes = _size(run.directory.samples) - before

    def in_all(self, images: int) -> float:
        """Seconds over a whole run."""
        return self.seconds[0] + self.seconds[-1] * (_times(self.callback.every, images) - 1)


class _Clock(Callback):
    """When each training step ended."""

    name, every = "clock", 1

    def __init__(self) -> None:
        self.times: list[float] = []

    def __call__(self, run: Run) -> None:
        self.times.append(time.monotonic())


def plan(
    recipe: Recipe,
    progress: bool = True,
    startup: float = 0.0,
    callbacks: Sequence[Callback] | None = None,
    finish: Callable[[Path], object] = lambda folder: None,
) -> Plan:
    """Train `recipe` for twenty training steps in a folder that is removed again, and say what the whole run would
    take.

    Pictures are decoded first, which is not counted: the run will find them decoded. startup: seconds to add, for what
    came before.
    callbacks: what happens besides learning, as for `train`; the usual when left out. finish: what is done with the
    folder of the run after it; it is done with the probe's, and its time added. Raises what `train` raises before work
    starts.
    """
    recipe.check()
    players = recipe.objective().players
    step_images = recipe.batch_size * players.count(players[0])
    steps = math.ceil(recipe.images / step_images)
    if steps < STEPS:
        raise ValueError(
            f"images={recipe.images} is {steps} training steps, fewer than the {STEPS} of a probe; just train"
        )
    clock, timed = (
        _Clock(),
        [_Timed(callback, HALF * step_images) for callback in callbacks or default_callbacks(recipe)],
    )
    images = STEPS * step_images
    short = recipe.override(images=images, snapshot_images=HALF * step_images, warmup_images=0, trackers=None)
    spent = _spent(recipe, len(recipe.dataset()), steps)
    with tempfile.TemporaryDirectory(prefix="hf_genimg-plan-") as folder:
        began, run = time.monotonic(), Path(folder) / "run"
        train(short, run, callbacks=[clock, *timed], progress=progress)
        ended = time.monotonic()
        finish(run)
        finishing = time.monotonic() - ended
        once = _size(run) - _size(run / "samples") - (run / "log.jsonl").stat().st_size  # the state and the pipeline
        line = (run / "log.jsonl").stat().st_size / len((run / "log.jsonl").read_text(encoding="utf-8").splitlines())
    stepping = _stepping(clock.times, steps)
    seconds = (
        startup
        + finishing
        + clock.times[0]
        - began
        + stepping
        + sum(callback.in_all(recipe.images) for callback in timed)
    )
    saves = max(_times(recipe.snapshot_images, recipe.images), 1 + seconds // SNAPSHOT_SECONDS)
    seconds += _saving(clock.times, ended, timed, saves)
    lines = _times(recipe.log_images, recipe.images) + sum(
        _times(callback.callback.every, recipe.images) for callback in timed
    )
    disk = (
        once + sum(callback.bytes * _times(callback.callback.every, recipe.images) for callback in timed) + line * lines
    )
    return Plan(steps, seconds, _peak_memory(), peak_accelerator_memory(), round(disk), spent)


def _spent(recipe: Recipe, size: int, steps: int) -> str:
    """What the private updates of a whole run on `size` images would spend, to follow the other estimates."""
    privacy = recipe.privacy()
    if privacy is None:
        return ""
    updates = steps * recipe.objective().players.count(privacy.player)
    epsilon = math.ceil(100 * privacy.epsilon(recipe.batch_size / size, updates)) / 100
    return f"; epsilon {epsilon:.2f} at delta {privacy.delta:g}"


def _stepping(times: list[float], steps: int) -> float:
    """Seconds of all steps after the first, of which the probe's ended at `times`; its middle one was followed by
    looking and saving.
    """
    typical = (_typical(times[WARM - 1 : HALF]) + _typical(times[HALF:])) / 2
    return times[WARM - 1] - times[0] + (steps - WARM) * typical


def _saving(times: list[float], ended: float, timed: list[_Timed], saves: float) -> float:
    """Seconds for `saves` checkpoints with their pipelines, and for what is left to do after the last.

    The first one also imports; the end of the probe is another, and the pipeline once more with the curves.
    """
    first = max(
        0.0, times[HALF] - times[HALF - 1] - _typical(times[HALF:]) - sum(callback.seconds[0] for callback in timed)
    )
    last = max(0.0, ended - times[-1] - sum(callback.seconds[-1] for callback in timed))
    later = min(first, last)
    return first + (last - later) + later * (saves - 1)


def _typical(times: list[float]) -> float:
    """The mean of the steps that ended at `times`, where one that took five times the median was held up by something
    else.
    """
    steps = [after - before for before, after in pairwise(times)]
    middle = median(steps)
    return mean(seconds if seconds < 5 * middle else middle for seconds in steps)


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
