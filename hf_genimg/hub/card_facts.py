"""What is known of a model, read from the files of its run: nothing that a card says comes from elsewhere."""

from __future__ import annotations

import json
import shlex
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from diffusers.utils import logging

from ..data import separate_split
from ..evaluation.scores import Report
from ..pipelines.loading import HUB_ID, RECIPE, load
from ..recipes import recipe_class, recipe_names

# What is built in, and what is known of it.
DIGITS = (
    "The handwritten digits that come with scikit-learn (the test part of UCI's Optical Recognition of Handwritten Digits, 1,797 grey "
    "images of 8x8 pixels, here with a margin of one), split into 1,500 to train on and 297 to test."
)
PLACES = ("data", "init", "extractor", "reference")  # what may be a path of this machine
DIGITS_LICENSE = "cc-by-4.0"


@dataclass(frozen=True)
class Facts:
    """A model and what its run left beside it.

    name: of the run or folder. pipeline: loaded. recipe, report, machine: None where there is none. records: lines of
    the log.
    samples: the last grid, relative to the run; None where there is none, or where it shows real pictures.
    """

    name: str
    pipeline: Any
    recipe: dict[str, Any] | None = None
    report: Report | None = None
    machine: dict[str, Any] | None = None
    records: list[dict[str, Any]] = field(default_factory=list)
    samples: str | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """The recipe's; empty where there is no recipe."""
        return self.recipe["fields"] if self.recipe else {}

    @property
    def task(self) -> str:
        """generation, reconstruction, translation or classification."""
        return self.pipeline.capabilities.task

    @property
    def makes_images(self) -> bool:
        """Whether what it gives are pictures."""
        return self.task != "classification"

    @property
    def dataset_id(self) -> str | None:
        """The Hub dataset it learned from; None for other data."""
        return hub_dataset(self.fields.get("data"))

    @property
    def base_model(self) -> str | None:
        """The Hub model that it began as; None where it began afresh, or as a local one."""
        init = self.fields.get("init")
        return init if init and HUB_ID.fullmatch(init) else None  # a local one is recorded as `./runs/mine`


def facts_of(model: str | Path | Any) -> Facts:
    """Of a run, a pipeline directory or a pipeline in memory; raises as `load` does."""
    if not isinstance(model, str | Path):
        return Facts(model.model_name, model)
    path = Path(model)
    pipeline = _loaded(path)
    name = path.absolute().name if (path / RECIPE).is_file() else pipeline.model_name
    scores = path / "scores.json"
    return Facts(
        name=name,
        pipeline=pipeline,
        recipe=_json(path / RECIPE),
        report=_publishable(Report.load(scores)) if scores.is_file() else None,
        machine=_json(path / "machine.json"),
        records=_records(path / "log.jsonl"),
        samples=_last_grid(path) if pipeline.capabilities.task in ("generation", "reconstruction") else None,
    )


def _publishable(report: Report) -> Report:
    return replace(report, protocol={name: without_place(name, value) for name, value in report.protocol.items()})


def _loaded(path: Path) -> Any:
    """The pipeline, without diffusers' bar for the files that it reads."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        return load(path)
    finally:
        if shown:
            logging.enable_progress_bar()


def _json(file: Path) -> dict[str, Any] | None:
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def _records(file: Path) -> list[dict[str, Any]]:
    found = []
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            break  # a kill left the last one unfinished
    return found


def _last_grid(run: Path) -> str | None:
    grids = sorted(file for file in (run / "samples").glob("*.png") if file.stem.isdigit())
    return f"samples/{grids[-1].name}" if grids else None


def hub_dataset(data: str | None) -> str | None:
    """The Hub id of DATA, or None where it is no dataset of the Hub."""
    name = separate_split(data or "")[0]
    if name.startswith("dataset:"):
        return name.removeprefix("dataset:")
    return name if HUB_ID.fullmatch(name) and not Path(name).exists() and not Path(name).parent.is_dir() else None


def train_command(facts: Facts) -> str | None:
    """The command that made the run: what differs from its recipe's defaults, and what nobody can know; None without a
    recipe.

    What the data decide themselves (number and names of classes) is left to them again.
    """
    if facts.recipe is None:
        return None
    name, given = facts.recipe["recipe"], facts.fields
    own = name not in recipe_names()
    defaults = {} if own else _defaults(recipe_class(name))
    left = {"num_classes", "class_names", *(["image_channels"] if given.get("data") == "digits" else [])}
    changed = {
        key: value
        for key, value in given.items()
        if key not in left and (key not in defaults or value != defaults[key])
    }
    settings = [shlex.quote(f"{key}={_typed(without_place(key, value))}") for key, value in changed.items()]
    return " ".join(
        ["hf-genimg train", f"{name}.py" if own else name, *settings, "--out", shlex.quote(f"runs/{facts.name}")]
    )


def _defaults(recipe: type) -> dict[str, Any]:
    return {each.name: each.default for each in fields(recipe) if each.default is not MISSING}


def without_place(field: str, value: Any) -> Any:
    """A field of a recipe or of a protocol as it may be published: of an absolute path to data or to a model, the last
    name.
    """
    local = field in PLACES and isinstance(value, str) and Path(value).expanduser().is_absolute()
    return Path(value).name if local else value


def _typed(value: Any) -> str:
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def training_seconds(records: list[dict[str, Any]]) -> float | None:
    """How long the lines of the log took, by the rate that each says; None where there are none."""
    lines = [(record["images"], record["images_per_second"]) for record in records if record.get("images_per_second")]
    starts = [0, *(images for images, _ in lines)]
    return sum((images - start) / rate for start, (images, rate) in zip(starts, lines, strict=False)) if lines else None
