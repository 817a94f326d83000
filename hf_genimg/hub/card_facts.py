"""What is known of a model, read from the files of its run, and a card's metadata: nothing comes from elsewhere."""

from __future__ import annotations

import json
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from diffusers.utils import logging
from huggingface_hub import EvalResult, EvalResultEntry, ModelCardData, eval_result_entries_to_yaml
from huggingface_hub.utils import yaml_dump

from ..data import separate_split
from ..evaluation.scores import Report
from ..faults import read_errors, reason
from ..pipelines.loading import HUB_ID, RECIPE, load
from ..recipes import recipe_class, recipe_names

# Fields and protocol entries that may be paths of this machine.
CHANNELS = {"image_channels", "input_channels"}
PLACES = ("data", "init", "model", "extractor", "reference")


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
    def able(self) -> Any:
        """The capabilities of the pipeline."""
        return self.pipeline.capabilities

    def can(self, name: str) -> Any:
        """A capability by its name; None for one that the pipelines do not have."""
        return asdict(self.able).get(name)

    @property
    def task(self) -> str:
        """generation, reconstruction, translation, classification, or what a later pipeline names."""
        return self.able.task

    @property
    def samples_noise(self) -> bool:
        """Whether it generates images from latents, so that mode collapse and memorization are questions."""
        return self.task not in ("translation", "classification")

    @property
    def makes_images(self) -> bool:
        """Whether its outputs are images."""
        return self.task != "classification"

    @property
    def differential_privacy(self) -> dict[str, Any] | None:
        """epsilon, delta, clip, noise multiplier, unit and accountant of a private run at its last line of the log, and
        whether its noise is a secret; None of other runs.
        """
        spent = [record for record in self.records if "privacy/epsilon" in record]
        if not spent or not self.fields.get("dp_noise"):
            return None
        found = {"epsilon": spent[-1]["privacy/epsilon"], "delta": spent[-1]["privacy/delta"], "unit": "one image"}
        found |= {"noise_multiplier": self.fields["dp_noise"], "max_grad_norm": self.fields["dp_clip"]}
        secret = self.fields.get("dp_seed") is None
        return found | {"accountant": "Renyi (opacus), Poisson sampling", "secret_noise": secret}

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
        samples=None if _shows_data(pipeline.capabilities) else _last_grid(path),
    )


def _publishable(report: Report) -> Report:
    return replace(report, protocol={name: without_place(name, value) for name, value in report.protocol.items()})


def _loaded(path: Path) -> Any:
    """The pipeline, without diffusers' bar for the files that it reads."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        with _utf8_path(path) as readable:
            return load(readable)
    finally:
        if shown:
            logging.enable_progress_bar()


@contextmanager
def _utf8_path(path: Path) -> Iterator[Path]:
    """The path, or a link to it where its name holds bytes that are not UTF-8, which safetensors cannot open."""
    escaped = str(path.absolute()).encode("utf-8", "backslashreplace").decode()
    if escaped == str(path.absolute()):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / Path(escaped).name
        link.symlink_to(path.absolute())
        yield link


def _json(file: Path) -> dict[str, Any] | None:
    """The object in a JSON file; None where there is no file."""
    if not file.is_file():
        return None
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except read_errors() as error:
        raise ValueError(f"{file} is damaged ({reason(error)[:80]}); restore it, or remove it") from error
    if not isinstance(found, dict):
        raise ValueError(f"{file} holds no JSON object; restore it, or remove it")
    return found


def _records(file: Path) -> list[dict[str, Any]]:
    """Lines of a log that say how many images were trained on; what a kill left unfinished ends it."""
    found = []
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines() if file.is_file() else ():
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            break
        if isinstance(record, dict) and isinstance(record.get("images"), int):
            found.append(record)
    return found


def _shows_data(able: Any) -> bool:
    """Whether the grids of a run hold real pictures: of a translator, a classifier, and tokens without a prior."""
    tokens = able.task == "reconstruction" and not able.interpolation and not able.prior
    return able.task in ("translation", "classification") or tokens


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

    What the data decide themselves (number and names of classes, words of captions) is left to them again.
    """
    if facts.recipe is None:
        return None
    name, given = facts.recipe["recipe"], facts.fields
    own = name not in recipe_names()
    defaults = {} if own else _defaults(recipe_class(name))
    left = {"num_classes", "class_names"} if own else {*recipe_class(name).left_to_data, "num_classes", "class_names"}
    left -= set() if given.get("data") == "digits" else CHANNELS  # which may have been chosen
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


def metadata(facts: Facts, name: str) -> ModelCardData:
    """The front matter of a card."""
    kind = None if facts.can("text") else {"generation": "gan", "reconstruction": "vae"}.get(facts.task)
    results = _model_index(facts)
    return ModelCardData(
        library_name="diffusers",
        pipeline_tag=pipeline_tag(facts),
        license=facts.fields.get("license"),
        base_model=facts.base_model,
        datasets=[facts.dataset_id] if facts.dataset_id else None,
        tags=["hf_genimg", *([kind] if kind else []), *([facts.recipe["recipe"]] if facts.recipe else [])],
        model_name=name if results else None,
        eval_results=results or None,
        **({"differential_privacy": facts.differential_privacy} if facts.differential_privacy else {}),
    )


def _model_index(facts: Facts) -> list[EvalResult]:
    """Each score with its protocol."""
    if facts.report is None:
        return []
    identifier, name, _ = reference_of(facts)
    protocol = facts.report.protocol
    seen = f" ({protocol['extractor']})" if "extractor" in protocol else ""
    return [
        EvalResult(
            task_type=pipeline_tag(facts),
            dataset_type=identifier,
            dataset_name=name,
            dataset_split=protocol.get("split"),
            dataset_args=protocol,
            metric_type=metric,
            metric_name=f"{metric}{seen}",
            metric_value=score.value,
        )
        for metric, score in facts.report.scores.items()
    ]


def results_yaml(facts: Facts) -> str | None:
    """`.eval_results/hf_genimg.yaml`; None without scores, or where the reference is no dataset of the Hub."""
    if facts.report is None or (dataset := reference_of(facts)[2]) is None:
        return None
    protocol = ", ".join(f"{key} {value}" for key, value in facts.report.protocol.items())
    entries = [
        EvalResultEntry(dataset, metric, score.value, notes=protocol) for metric, score in facts.report.scores.items()
    ]
    return yaml_dump(eval_result_entries_to_yaml(entries))


def pipeline_tag(facts: Facts) -> str:
    """The Hub's name of a task."""
    if facts.can("text"):
        return "text-to-image"
    names = {"translation": "image-to-image", "classification": "image-classification"}
    return names.get(facts.task, "unconditional-image-generation")


def reference_of(facts: Facts) -> tuple[str, str, str | None]:
    """(identifier, name, Hub id) of the reference of the scores."""
    name = str(facts.report.protocol.get("reference", "unknown"))
    dataset = hub_dataset(name)
    return dataset or name.rpartition("/")[2], name.rpartition("/")[2], dataset
