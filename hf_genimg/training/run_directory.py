"""The folder of a run: `recipe.json`, `log.jsonl`, `state/`, `pipeline/`, `samples/`, and who may write there."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from filecmp import cmp
from inspect import isabstract
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from .checkpoint import write_durably
from .fields import RENAMED
from .recipe import Recipe

MAY_CHANGE = {"images", "snapshot_images", "sample_images", "evaluate_images", "log_images", "trackers", "hub_model_id"}
MAY_CHANGE |= {"license", "data_license", "data_about"}
MAY_CHANGE |= {"metrics", "extractor", "score_images"}
MAY_CHANGE |= {"data", "inputs", "targets"}  # their fingerprint decides
DIRECTIONS = "directions.safetensors"  # beside the networks of a pipeline
UNBORN = {".lock", ".recipe.json.partial"}  # all that a run leaves which was killed before it began


class RunDirectory:
    """A run's files. Constructing it touches nothing; `ValueError` if `path` holds something else or another recipe."""

    def __init__(self, path: str | Path, recipe: Recipe) -> None:
        self.path = Path(path)
        self.state = self.path / "state"
        self.samples = self.path / "samples"
        self.pipeline = self.path / "pipeline"
        self.log = self.path / "log.jsonl"
        self.curve = self.path / "curve.png"
        self._recipe_file = self.path / "recipe.json"
        self._refuse_other_things(recipe)

    def _refuse_other_things(self, recipe: Recipe) -> None:
        solid = next(parent for parent in (self.path, *self.path.absolute().parents) if parent.exists())
        if not solid.is_dir():
            raise ValueError(
                f"--out {self.path}: {solid} is a file, and a run needs a folder of its own; name a new one"
            )
        if self._recipe_file.exists():
            refuse_other_recipe(saved_recipe(self._recipe_file), recipe, self.path)
        elif self.path.is_dir() and not {entry.name for entry in self.path.iterdir()} <= UNBORN:
            raise ValueError(f"--out {self.path} holds files but no run (no recipe.json); name a new or empty folder")

    @contextmanager
    def lock(self, recipe: Recipe) -> Iterator[None]:
        """Create the folder and keep every other process out of it, until the lock is left or the process ends, however
        it ends.

        Raises `ValueError` when another one is at work there, or has begun another run there since this one looked.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.path / ".lock").acquire(timeout=0):
                self._refuse_other_things(recipe)
                yield
        except Timeout:
            raise ValueError(
                f"another process is training in {self.path}; wait for it, or name another --out"
            ) from None

    def write_recipe(self, recipe: Recipe) -> None:
        """Record what is being trained."""
        write_durably(self._recipe_file, json.dumps(recipe.to_json(), indent=2))

    def write_machine(self, machine: dict[str, Any]) -> None:
        """Record what it is trained on."""
        write_durably(self.path / "machine.json", json.dumps(machine, indent=2))

    def append_log(self, record: dict[str, Any]) -> None:
        """Add one line to `log.jsonl`."""
        with self.log.open("a", encoding="utf-8") as log:
            print(json.dumps(record), file=log)

    def records(self) -> list[dict[str, Any]]:
        """The lines of `log.jsonl`, up to one that a kill left unfinished or the disk has damaged."""
        found = []
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        for line in text.splitlines():
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                break
            if not isinstance(record, dict) or not isinstance(record.get("images"), int):
                break
            found.append(record)
        return found

    def rewind(self, images: int) -> None:
        """Cut the log and the samples back to what they were after `images` images."""
        if self.log.exists():
            records, lines = self.records(), self.log.read_bytes().count(b"\n")
            if len(records) < lines:  # what a kill left unfinished has no end of line
                warnings.warn(
                    f"line {len(records) + 1} of {self.log} is damaged; it and what came after it are left out",
                    UserWarning,
                    stacklevel=2,
                )
            kept = [json.dumps(record) + "\n" for record in records if record["images"] <= images]
            write_durably(self.log, "".join(kept))
        for sample in self.samples.iterdir() if self.samples.exists() else ():
            half_written = sample.name.startswith(".")
            if half_written or (
                sample.stem.isdigit() and int(sample.stem) > images
            ):  # what the user put there has another name
                sample.unlink()

    def replace_pipeline(self, pipeline: Any) -> None:
        """Save a pipeline in place of the last one; after a kill `recover_pipeline` finds one of the two."""
        new, old = self.path / ".pipeline.new", self.path / ".pipeline.old"
        self.recover_pipeline()
        shutil.rmtree(new, ignore_errors=True)
        try:
            pipeline.save_pretrained(new)
            _keep_directions(self.pipeline, new)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)  # of a disk that is full
            raise
        if self.pipeline.exists():
            self.pipeline.rename(old)
        new.rename(self.pipeline)
        shutil.rmtree(old, ignore_errors=True)

    def recover_pipeline(self) -> None:
        """Put back a pipeline that a kill caught between its two names."""
        old = self.path / ".pipeline.old"
        if old.exists() and not self.pipeline.exists():
            old.rename(self.pipeline)
        shutil.rmtree(old, ignore_errors=True)


def _keep_directions(old: Path, new: Path) -> None:
    """Copy the named directions of a pipeline to the one in its place, where its weights are the same."""
    file = old / DIRECTIONS
    if not file.is_file() or (new / DIRECTIONS).exists():
        return
    weights = [path.relative_to(new) for path in new.rglob("*.safetensors")]
    if all((old / name).is_file() and cmp(old / name, new / name, shallow=False) for name in weights):
        shutil.copyfile(file, new / DIRECTIONS)
    else:
        warnings.warn(
            f"the named directions in {old} were found for other weights and are left out; find them again",
            UserWarning,
            stacklevel=4,
        )


def saved_recipe(file: Path) -> dict[str, Any]:
    """What a run's `recipe.json` holds; `ValueError` when that is no recipe of ours."""
    try:
        saved = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        saved = None
    if not isinstance(saved, dict) or "recipe" not in saved or not isinstance(saved.get("fields"), dict):
        raise ValueError(
            f"--out {file.parent} holds files but no run (its recipe.json is not one of hf_genimg); name a new or "
            "empty "
            "folder"
        )
    saved["fields"] = {RENAMED.get(name, name): value for name, value in saved["fields"].items()}
    return saved


def refuse_other_recipe(saved: dict[str, Any], recipe: Recipe, path: Path) -> None:
    """Raise `ValueError`, naming the fields, when `recipe` is not what was saved there, apart from what may change."""
    if saved["recipe"] != recipe.name:
        raise ValueError(f"{path} is a run of {saved['recipe']}, not of {recipe.name}; name another --out")
    new = recipe.to_json()["fields"]
    free = recipe.schedule == "constant" or recipe.schedule_images is not None
    may_change = MAY_CHANGE if free else MAY_CHANGE - {"images"}  # a decay ends where the run does
    was = _shared_defaults(type(recipe)) | saved["fields"]
    unlike = [
        f"{name}={new.get(name, 'absent')} (was {saved['fields'].get(name, 'absent')})"
        for name in {**saved["fields"], **new}
        if name not in may_change
        and new.get(name, "absent") != was.get(name, "absent")
        and not (name in recipe.left_to_data and new.get(name, "absent") is None)
    ]
    if unlike:
        raise ValueError(
            f"{path} was begun with another recipe: {', '.join(unlike)}; use the same settings to continue, or "
            "another --out"
        )


def _shared_defaults(kind: type[Recipe]) -> dict[str, Any]:
    """The fields that families share, as they are where nobody sets them: a run is the same with one that came after it
    was begun.
    """
    shared = [
        base for base in kind.__mro__ if is_dataclass(base) and (isabstract(base) or not issubclass(base, Recipe))
    ]
    return {
        field.name: field.default for base in shared for field in fields(base)
    }  # the base that has a field first comes last
