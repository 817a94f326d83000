"""A run that is interrupted at any moment ends bit for bit as if it had not been."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from hf_genimg.recipes import recipe_class
from hf_genimg.training import checkpoint, loop
from hf_genimg.training.callbacks import Callback, HeldOut, Samples
from hf_genimg.training.recipe import Recipe
from hf_genimg.training.run_directory import RunDirectory
from hf_genimg.training.state import Run

# A server that has imported torch and forks: a fresh process each time, without six seconds of imports.
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["hf_genimg.api", "hf_genimg.training.loop", "accelerate", "matplotlib.figure"])


def long_run() -> Recipe:
    fields = {
        "images": 1280,
        "snapshot_images": 48,
        "sample_images": 200,
        "log_images": 100,
        "evaluate_images": 400,
        "n_critic": 2,
    }
    return recipe_class("dcgan")().smoke().override(**fields, max_grad_norm=1.0, schedule="cosine")


class Diary(Callback):
    """Writes down, at each update, where the run stands."""

    name, every = "diary", 1

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, run: Run) -> None:
        with self.path.open("a") as diary:
            print(run.images, file=diary)


def train_in_a_process(folder: Path, diary: Path) -> None:
    recipe = long_run()
    callbacks = [
        Diary(diary),
        Samples(recipe.sample_images, num_images=4),
        HeldOut(recipe.evaluate_images, recipe.held_out()),
    ]
    try:
        loop.train(recipe, folder, callbacks=callbacks, progress=False)
    except KeyboardInterrupt:
        os._exit(130)


def killed_inside_a_write(folder: Path, diary: Path, function: str, call: int) -> None:
    """The same run, which kills itself when a step of the checkpoint writer is called for the `call`-th time."""
    plain, calls = getattr(checkpoint, function), []

    def deadly(*arguments: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return plain(*arguments, **options)

    setattr(checkpoint, function, deadly)
    train_in_a_process(folder, diary)


def start(target: Callable[..., None], *arguments: Any) -> multiprocessing.process.BaseProcess:
    process = processes.Process(target=target, args=arguments)
    process.start()
    return process


def entries(diary: Path) -> list[int]:
    return [int(line) for line in diary.read_text().split("\n") if line] if diary.exists() else []


def wait_for_progress(diary: Path, process: multiprocessing.process.BaseProcess, count: int = 1) -> None:
    deadline = time.monotonic() + 60
    while len(entries(diary)) < count and process.is_alive() and time.monotonic() < deadline:
        time.sleep(0.005)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    process = start(train_in_a_process, folder / "run", folder / "diary")
    process.join()
    assert process.exitcode == 0
    return folder / "run"


@pytest.fixture
def expect_the_same(
    uninterrupted: Path, tensors_of: Callable[..., Any], log_of: Callable[..., Any]
) -> Callable[[Path], None]:
    def compare(run: Path) -> None:
        whole, other = tensors_of(uninterrupted), tensors_of(run)
        assert whole.keys() == other.keys()
        assert [key for key in whole if not torch.equal(whole[key], other[key])] == []
        assert log_of(uninterrupted) == log_of(run)
        for file in (
            *sorted((uninterrupted / "samples").iterdir()),
            *sorted((uninterrupted / "pipeline").rglob("*.safetensors")),
        ):
            assert file.read_bytes() == (run / file.relative_to(uninterrupted)).read_bytes(), file
        assert sorted(entry.name for entry in (run / "samples").iterdir()) == sorted(
            e.name for e in (uninterrupted / "samples").iterdir()
        )
        assert json.loads((run / "recipe.json").read_text()) == json.loads((uninterrupted / "recipe.json").read_text())
        assert sorted(entry.name for entry in (run / "state").iterdir()) == ["1280", "current"]

    return compare


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kills", [6, pytest.param(16, marks=pytest.mark.slow)])
def test_killed_at_random_moments(kills: int, tmp_path: Path, expect_the_same: Callable[[Path], None]) -> None:
    run, pointer, dice = tmp_path / "run", tmp_path / "run/state/current", random.Random(0)
    resumed_above_zero = 0
    for attempt in range(kills):
        diary = tmp_path / f"diary-{attempt}"
        saved = int(pointer.read_text().split()[0]) if pointer.exists() else 0
        process = start(train_in_a_process, run, diary)
        wait_for_progress(diary, process, dice.randint(1, 8))
        time.sleep(dice.uniform(0, 0.03))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL, "the run was over before it could be killed"
        first = entries(diary)[0]
        assert first == saved + 16, "it did not begin where the checkpoint stood"
        resumed_above_zero += saved > 0
    assert resumed_above_zero >= kills // 2
    process = start(train_in_a_process, run, tmp_path / "last")
    process.join()
    assert process.exitcode == 0
    assert entries(tmp_path / "last")[0] > 16
    expect_the_same(run)


@pytest.mark.parametrize(
    ("function", "call"),
    [
        ("save_file", 6),
        pytest.param("_flush", 16, marks=pytest.mark.slow),
        ("_flush", 18),
        pytest.param("write_durably", 4, marks=pytest.mark.slow),
        ("remove_leftovers", 2),
    ],
    ids=["between two files", "before the rename", "before the pointer", "at the pointer", "before the old one goes"],
)
def test_killed_inside_a_checkpoint_write(
    function: str, call: int, tmp_path: Path, expect_the_same: Callable[[Path], None]
) -> None:
    process = start(killed_inside_a_write, tmp_path / "run", tmp_path / "first", function, call)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    saved = int((tmp_path / "run/state/current").read_text().split()[0])
    assert saved > 0
    process = start(train_in_a_process, tmp_path / "run", tmp_path / "second")
    process.join()
    assert process.exitcode == 0
    assert entries(tmp_path / "second")[0] == saved + 16
    expect_the_same(tmp_path / "run")


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)]
)  # the other in `test_cli`
def test_signals_save_and_leave(
    number: int, status: int, tmp_path: Path, expect_the_same: Callable[[Path], None]
) -> None:
    process = start(train_in_a_process, tmp_path / "run", tmp_path / "first")
    wait_for_progress(tmp_path / "first", process, 2)
    os.kill(process.pid, number)
    process.join()
    assert process.exitcode == status
    saved = int((tmp_path / "run/state/current").read_text().split()[0])
    assert saved == entries(tmp_path / "first")[-1], "an update was lost, or the state was not saved"
    process = start(train_in_a_process, tmp_path / "run", tmp_path / "second")
    process.join()
    assert entries(tmp_path / "second")[0] == saved + 16
    expect_the_same(tmp_path / "run")


def hold_the_lock(folder: Path, ready: Path) -> None:
    """Stand where a process is that trains in `folder`, and stay there."""
    with RunDirectory(folder, long_run()).lock(long_run()):
        ready.touch()
        time.sleep(600)


def test_two_processes_do_not_train_in_one_folder(tmp_path: Path) -> None:
    process = start(hold_the_lock, tmp_path / "run", tmp_path / "ready")
    deadline = time.monotonic() + 60
    while not (tmp_path / "ready").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        with pytest.raises(ValueError, match="another process is training in"):
            loop.train(long_run(), tmp_path / "run", progress=False)
    finally:
        process.kill()
        process.join()
    loop.train(
        long_run().override(images=16), tmp_path / "run", callbacks=[], progress=False
    )  # its death freed the folder
