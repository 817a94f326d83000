"""Model cards: the README.md of a run, written from its recipe, its log and its scores, and never over what somebody
wrote there.

A card ends in a line with its own checksum. What a user writes below that line is kept when the card is written again;
a card that was changed above it, or that is not ours, is left alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import warnings
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, EvalResultEntry, ModelCard, ModelCardData, eval_result_entries_to_yaml
from huggingface_hub.utils import yaml_dump

from . import card_text as text
from .card_facts import Facts, facts_of, train_command

TEMPLATE = Path(__file__).with_name("template.md")  # model_cards/template.md is a link to it
CARD, RESULTS = "README.md", ".eval_results/hf_genimg.yaml"
MARK = re.compile(r"<!-- Written by hf_genimg from the files of the run, sha256 ([0-9a-f]{64})\. [^\n]*-->\n")
TAGS = {
    "generation": "unconditional-image-generation",
    "reconstruction": "unconditional-image-generation",
    "translation": "image-to-image",
    "classification": "image-classification",
}


def write_card(run: str | Path) -> Path:
    """Write README.md (and `.eval_results/` for a dataset of the Hub) into a run or pipeline directory, or leave it as
    it is.

    Returns the path of the card. A card that somebody changed or wrote himself stays, with a warning. Raises as
    `hf_genimg.load`.
    """
    folder = Path(run)
    card = folder / CARD
    facts = facts_of(folder)
    written = card.read_text(encoding="utf-8") if card.exists() else None
    if written is not None and not is_generated(written):
        advice = "write below its last line, which is kept, or move it away to have a new one"
        warnings.warn(
            f"{card} was changed or written by hand and is left as it is: {advice}", UserWarning, stacklevel=2
        )
        return card
    _replace(card, _text(facts, _local_name(folder)) + additions(written or ""))
    _write_results(facts, folder)
    return card


def card_text(model: str | Path | Any, repo_id: str | None = None, *, standalone: bool = False) -> str:
    """The card of a run, a pipeline directory or a pipeline in memory, as text.

    A README.md that is there already counts: one written by hand is returned as it is, and what was added to one of
    ours is kept.

    Args:
        model: a path or a pipeline.
        repo_id: where it will lie on the Hub; its code then loads it from there.
        standalone: whether that repository holds `pipeline.py`, so that diffusers alone can load it.
    """
    in_memory = not isinstance(model, str | Path)
    card = None if in_memory else Path(model) / CARD
    written = card.read_text(encoding="utf-8") if card and card.exists() else ""
    if written and not is_generated(written):
        return written
    where = repo_id or (model.model_name if in_memory else _local_name(Path(model)))
    return _text(facts_of(model), where, repo_id, standalone) + additions(written)


def eval_results(model: str | Path) -> str | None:
    """The YAML of `.eval_results/hf_genimg.yaml`; None without scores, or where the reference is no dataset of the Hub."""
    return _results(facts_of(model))


def is_generated(card: str) -> bool:
    """Whether a card is one of ours that nobody changed above its last line."""
    found = MARK.search(card)
    return bool(found) and _digest(card[: found.start()]) == found[1]


def additions(card: str) -> str:
    """What a user wrote below the last line of a card of ours."""
    found = MARK.search(card)
    return card[found.end() :] if found else ""


def _text(facts: Facts, where: str, repo_id: str | None = None, standalone: bool = False) -> str:
    name = repo_id.rpartition("/")[2] if repo_id else facts.name
    card = ModelCard.from_template(
        _metadata(facts, name),
        template_str=TEMPLATE.read_text(encoding="utf-8"),
        name=name,
        summary=text.summary(facts),
        makes_images=facts.makes_images,
        samples=facts.samples,
        code=_code(facts, where),
        standalone=_standalone(facts, repo_id) if repo_id and standalone else None,
        facts=text.table(facts),
        data=text.data(facts),
        data_license=text.data_license(facts),
        command=train_command(facts),
        cost=text.cost(facts),
        base=text.base(facts),
        scores=text.scores(facts),
        held_out=text.held_out(facts),
        collapse=text.collapse(facts),
        memorization=text.memorization(facts),
        intended=f"{text.INTENDED[facts.task]} {text.NOT_INTENDED}",
        limits=text.limits(facts),
    )
    body = re.sub(r"\n{3,}", "\n\n", str(card)).rstrip() + "\n\n"
    body = body.encode(errors="backslashreplace").decode()  # names of files need not be text
    return f"{body}<!-- Written by hf_genimg from the files of the run, sha256 {_digest(body)}. What you write below this line is kept. -->\n"


def _metadata(facts: Facts, name: str) -> ModelCardData:
    kind = {"generation": "gan", "reconstruction": "vae"}.get(facts.task)
    results = _model_index(facts)
    return ModelCardData(
        library_name="diffusers",
        pipeline_tag=TAGS[facts.task],
        license=facts.fields.get("license"),
        base_model=facts.base_model,
        datasets=[facts.dataset_id] if facts.dataset_id else None,
        tags=["hf_genimg", *([kind] if kind else []), *([facts.recipe["recipe"]] if facts.recipe else [])],
        model_name=name if results else None,
        eval_results=results or None,
    )


def _model_index(facts: Facts) -> list[EvalResult]:
    """Each score with its protocol."""
    if facts.report is None:
        return []
    identifier, name, _ = text.reference_of(facts)
    protocol = facts.report.protocol
    seen = f" ({protocol['extractor']})" if "extractor" in protocol else ""
    return [
        EvalResult(
            task_type=TAGS[facts.task],
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


def _results(facts: Facts) -> str | None:
    if facts.report is None or (dataset := text.reference_of(facts)[2]) is None:
        return None
    protocol = ", ".join(f"{key} {value}" for key, value in facts.report.protocol.items())
    entries = [
        EvalResultEntry(dataset, metric, score.value, notes=protocol) for metric, score in facts.report.scores.items()
    ]
    return yaml_dump(eval_result_entries_to_yaml(entries))


def _write_results(facts: Facts, folder: Path) -> None:
    results, file = _results(facts), folder / RESULTS
    if results is not None:
        file.parent.mkdir(exist_ok=True)
        _replace(file, results)
    else:
        file.unlink(missing_ok=True)  # of scores that are there no more


def _code(facts: Facts, where: str) -> str:
    """What a reader pastes first."""
    lines = ["import hf_genimg", "", f"pipe = hf_genimg.load({json.dumps(where)})"]
    able = facts.pipeline.capabilities
    if facts.task in ("generation", "reconstruction"):
        lines += ["image = pipe(seed=0).images[0]", 'pipe.save_grid("grid.png", num_images=16, seed=0)']
        return "\n".join([*lines, "again = pipe.reconstruct(image)[0]"] if able.encode else lines)
    picture = 'picture = Image.new("RGB", (64, 64), "white")  # or Image.open(...)'
    lines = ["from PIL import Image", *lines, picture]
    return "\n".join(
        [*lines, "image = pipe(picture).images[0]"]
        if facts.task == "translation"
        else [*lines, "print(pipe(picture, top_k=3))"]
    )


def _standalone(facts: Facts, repo_id: str) -> str:
    loaded = (
        f'pipe = DiffusionPipeline.from_pretrained("{repo_id}", custom_pipeline="pipeline", trust_remote_code=True)'
    )
    return f"from diffusers import DiffusionPipeline\n\n{loaded}"


def _local_name(folder: Path) -> str:
    """The path as seen from here where it lies below; otherwise the folder's name, for a card tells nobody where its
    maker keeps things.
    """
    path = folder.absolute()
    below = Path.cwd() in path.parents
    return (path.relative_to(Path.cwd()) if below else Path(path.name)).as_posix()


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def _replace(file: Path, content: str) -> None:
    """Whole or not at all, and not at all where nothing changes."""
    if file.exists() and file.read_text(encoding="utf-8") == content:
        return
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    partial.write_text(content, encoding="utf-8")
    os.replace(partial, file)
