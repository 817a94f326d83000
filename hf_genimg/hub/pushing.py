"""Pushing while a model trains: what the run is so far, as often as it is saved."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

from .push import BESIDE, push


class Pushing:
    """A callback of a run: one commit each time, to `repo_id`. What the Hub refuses is a warning, for the run goes on
    without it.

    every: images between two pushes. The finished run is left to its caller, who has its card.
    """

    name = "push"

    def __init__(self, every: int, repo_id: str) -> None:
        self.every, self.repo_id = every, repo_id

    def __call__(self, run: Any) -> None:
        if run.images >= run.recipe.images:
            return
        with tempfile.TemporaryDirectory(prefix="hf_genimg-push-") as folder:
            copy = copy_of(run, Path(folder))
            try:
                push(copy, self.repo_id, commit_message=f"{run.images:,} of {run.recipe.images:,} images")
            except OSError as error:
                warnings.warn(
                    f"at {run.images:,} images: {error}; the run goes on, and pushes again later",
                    UserWarning,
                    stacklevel=2,
                )

    def state(self) -> dict[str, Any]:
        """Nothing: the Hub knows what it has."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Nothing to continue from."""


def copy_of(run: Any, folder: Path) -> Path:
    """A directory as that of the run, with the model as it is now: the one on disk is that of the last checkpoint."""
    source, copy = run.directory.path, folder / run.directory.path.absolute().name
    copy.mkdir()
    run.pipeline().save_pretrained(copy / "pipeline")
    for name in BESIDE:
        if (source / name).is_file():
            shutil.copyfile(source / name, copy / name)
    if run.directory.samples.is_dir():
        shutil.copytree(run.directory.samples, copy / "samples")
    return copy
