"""The plan of a run: right in what a test can hold it to, and without a trace."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hf_genimg.training.plan import Plan, _typical, plan
from hf_genimg.training.recipe import Recipe
from hf_genimg.training.trainer import train


@pytest.mark.parametrize("name", ["dcgan", "mlp_vae"])
def test_rounds_and_disk_are_those_of_the_run(name: str, tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    recipe = tiny(name, images=1600, sample_images=1600, snapshot_images=800, log_images=100)
    planned = plan(recipe, progress=False)
    assert planned.rounds == 200
    train(recipe, tmp_path / "run", progress=False)
    size = sum(file.stat().st_size for file in (tmp_path / "run").rglob("*") if file.is_file())
    assert planned.disk == pytest.approx(size, rel=0.2)
    assert planned.seconds > 0
    assert planned.memory > 50_000_000


def test_a_longer_run_is_planned_longer(tiny: Callable[..., Recipe]) -> None:
    short, long = (plan(tiny(images=images, snapshot_images=10**9, sample_images=10**9), progress=False) for images in (160, 160_000))
    assert long.seconds > 5 * short.seconds


def test_a_plan_leaves_nothing_behind(tiny: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    plan(tiny(images=160), progress=False)
    assert os.listdir(tmp_path) == []


def test_too_short_a_run_is_refused(tiny: Callable[..., Recipe]) -> None:
    with pytest.raises(ValueError, match="images=64 is 8 rounds, fewer than the 20 of a probe; just train"):
        plan(tiny(images=64))


def test_the_line_says_it_all() -> None:
    assert str(Plan(1000, 3725.4, 1_500_000_000, 0, 45_000_000)) == (
        "1,000 rounds: about 1:02:05 hours, 1.50 GB of memory, 45.0 MB of disk"
    )


def test_a_round_that_was_held_up_does_not_count() -> None:
    assert _typical([0, 1, 2, 3, 30, 31, 32]) == pytest.approx(1)
    assert _typical([0, 1, 2, 3, 6, 7, 8]) == pytest.approx(8 / 6)  # a lazy penalty does
