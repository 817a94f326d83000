"""The plan of a run: right in what a test can hold it to, and without a trace."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hf_genimg.training.callbacks import Samples
from hf_genimg.training.loop import train
from hf_genimg.training.plan import Plan, _saving, _stepping, _Timed, _typical, plan
from hf_genimg.training.recipe import Recipe


@pytest.mark.parametrize("name", ["dcgan", "mlp_vae"])
def test_rounds_and_disk_are_those_of_the_run(name: str, tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    recipe = tiny(name, images=1600, sample_images=1600, snapshot_images=800, log_images=100)
    planned = plan(recipe, progress=False)
    assert planned.steps == 200
    train(recipe, tmp_path / "run", progress=False)
    size = sum(file.stat().st_size for file in (tmp_path / "run").rglob("*") if file.is_file())
    assert planned.disk == pytest.approx(size, rel=0.2)
    assert planned.seconds > 0
    assert planned.memory > 50_000_000


def test_a_longer_run_is_planned_longer(tiny: Callable[..., Recipe]) -> None:
    short, long = (
        plan(tiny(images=images, snapshot_images=10**9, sample_images=10**9), progress=False)
        for images in (160, 160_000)
    )
    assert long.seconds > 5 * short.seconds


def test_what_comes_after_the_run_is_counted(tiny: Callable[..., Recipe]) -> None:
    """The card, which is written when the run is over; and scores, where the recipe asks for some."""
    folders: list[bool] = []

    def finish(folder: Path) -> None:
        folders.append((folder / "recipe.json").is_file() and (folder / "pipeline").is_dir())
        time.sleep(3)

    class Looking(Samples):
        def __call__(self, run: object) -> None:
            time.sleep(0.3)

    recipe = tiny(images=160)
    alone = min(plan(recipe, progress=False).seconds for _ in range(2))  # a busy machine is slow now and then
    assert plan(recipe, progress=False, finish=finish).seconds > alone + 1
    assert folders == [True]
    assert plan(recipe, progress=False, callbacks=[Looking(8)]).seconds > alone + 2  # twenty times


def test_a_plan_leaves_nothing_behind(
    tiny: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    plan(tiny(images=160), progress=False)
    assert os.listdir(tmp_path) == []


def test_too_short_a_run_is_refused(tiny: Callable[..., Recipe]) -> None:
    with pytest.raises(ValueError, match="images=64 is 8 training steps, fewer than the 20 of a probe; just train"):
        plan(tiny(images=64))


def test_the_line_says_it_all() -> None:
    assert str(Plan(1000, 3725.4, 1_500_000_000, 0, 45_000_000)) == (
        "1,000 training steps: about 1:02:05 hours, 1.50 GB of memory, 45.0 MB of disk"
    )


def test_seconds_are_those_of_a_run_whose_parts_take_what_the_probe_took() -> None:
    """Rounds of 1 s after three of 3 s; looking takes 5 s at first and 2 s later, the first save 6 s, the last one with
    the end 8 s.
    """
    looking = _Timed(Samples(100), 10)
    looking.seconds = [5.0, 2.0]
    times = [10.0, 13.0, 16.0, 19.0]
    times += [times[-1] + number for number in range(1, 7)]
    times += [times[-1] + 1 + 5 + 6 + number for number in range(10)]
    assert len(times) == 20
    assert _stepping(times, 200) == pytest.approx(9 + 196)
    ended = times[-1] + 2 + 8
    assert _saving(times, ended, [looking], saves=1) == pytest.approx(6 + 2)
    assert _saving(times, ended, [looking], saves=3) == pytest.approx(6 + 2 + 2 * 6)
    assert looking.in_all(1000) == pytest.approx(5 + 9 * 2)


@pytest.mark.slow  # two processes of fifteen seconds
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system counts otherwise")
def test_the_memory_is_that_of_the_run(tmp_path: Path) -> None:
    """In processes of their own, as the system counts it; the line says it in hundredths of a gigabyte."""
    command = [
        sys.executable,
        "-m",
        "hf_genimg.cli",
        "train",
        "dcgan",
        "images=2560",
        "batch_size=64",
        "image_size=16",
        "width=8",
    ]
    command += ["sample_images=2560", "log_images=640"]
    arguments = (["--plan"], ["--out", str(tmp_path / "run")])
    runs = [subprocess.Popen([*command, *more], stdout=subprocess.PIPE, text=True) for more in arguments]
    printed, held = [], []
    for run in runs:
        with run.stdout:
            printed.append(run.stdout.read())
        _, status, usage = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
        held.append(usage.ru_maxrss * 1024 / 1e9)
    assert [run.returncode for run in runs] == [0, 0]
    memory, disk = (
        float(number) for number in re.search(r"hours, ([\d.]+) GB of memory, ([\d.]+) MB of disk", printed[0]).groups()
    )
    assert memory == pytest.approx(held[1], rel=0.2)
    size = sum(file.stat().st_size for file in (tmp_path / "run").rglob("*") if file.is_file())
    assert disk == pytest.approx(size / 1e6, rel=0.2)


def test_a_probe_that_was_held_up_does_not_count() -> None:
    assert _typical([0, 1, 2, 3, 30, 31, 32]) == pytest.approx(1)
    assert _typical([0, 1, 2, 3, 6, 7, 8]) == pytest.approx(8 / 6)  # a lazy penalty does
