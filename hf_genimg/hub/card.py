"""Model cards: the README.md of a run, written from its recipe, log, scores and capabilities, and never over what
somebody wrote there.

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

from huggingface_hub import ModelCard

from . import card_sentences as sentences
from .card_facts import Facts, facts_of, metadata, results_yaml, train_command

TEMPLATE = Path(__file__).with_name("template.md")  # model_cards/template.md is a link to it
CARD, RESULTS = "README.md", ".eval_results/hf_genimg.yaml"
MARK = re.compile(r"<!-- Written by hf_genimg from the files of the run, sha256 ([0-9a-f]{64})\. [^\n]*-->\n")
EXAMPLE_SIZE = 64  # pixels a side of the picture that a card's code makes


def write_card(run: str | Path) -> Path:
    """Write README.md (and `.eval_results/` for a dataset of the Hub) into a run or pipeline directory, or leave it as
    it is.

    Returns the path of the card. A card that somebody changed or wrote by hand stays, with a warning. Raises as
    `hf_genimg.load`; `ValueError` for a damaged recipe.json, machine.json or scores.json.
    """
    folder = Path(run)
    card = folder / CARD
    facts = facts_of(folder)
    written = _read(card)
    if written and not is_generated(written):
        advice = "write below its last line, which is kept, or move it away to have a new one"
        warnings.warn(
            f"{card} was changed or written by hand and is left as it is: {advice}", UserWarning, stacklevel=2
        )
        return card
    _replace(card, _text(facts, _local_name(folder)) + additions(written))
    results, file = results_yaml(facts), folder / RESULTS
    if results is not None:
        file.parent.mkdir(exist_ok=True)
        _replace(file, results)
    else:
        file.unlink(missing_ok=True)  # of scores that are there no more
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
    written = "" if in_memory else _read(Path(model) / CARD)
    if written and not is_generated(written):
        return written
    where = repo_id or (model.model_name if in_memory else _local_name(Path(model)))
    return _text(facts_of(model), where, repo_id, standalone) + additions(written)


def card_bytes(text: str) -> bytes:
    """A card as it is written to a file: bytes of a user's addition that are not UTF-8 stay as they were."""
    return text.encode("utf-8", "surrogateescape")


def eval_results(model: str | Path) -> str | None:
    """The YAML of `.eval_results/hf_genimg.yaml`; None without scores or where the reference is not of the Hub."""
    return results_yaml(facts_of(model))


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
        metadata(facts, name),
        template_str=TEMPLATE.read_text(encoding="utf-8"),
        name=name,
        summary=sentences.summary(facts),
        makes_images=facts.makes_images,
        samples=facts.samples,
        code=example(facts, where),
        standalone=_standalone(repo_id) if repo_id and standalone else None,
        facts=sentences.table(facts),
        data=sentences.data(facts),
        data_license=sentences.data_license(facts),
        command=train_command(facts),
        cost=sentences.cost(facts),
        base=sentences.base(facts),
        scores=sentences.scores(facts),
        held_out=sentences.held_out(facts),
        collapse=sentences.collapse(facts),
        privacy=sentences.privacy(facts),
        memorization=sentences.memorization(facts),
        intended=sentences.intended(facts),
        limits=sentences.limits(facts),
    )
    body = re.sub(r"\n{3,}", "\n\n", str(card)).rstrip() + "\n\n"
    body = body.encode("utf-8", "backslashreplace").decode()  # a run's name may hold bytes that are not UTF-8
    mark = f"<!-- Written by hf_genimg from the files of the run, sha256 {_digest(body)}."
    return f"{body}{mark} What you write below this line is kept. -->\n"


def example(facts: Facts, where: str) -> str:
    """The code that a reader pastes first, with the arguments that the model's capabilities name."""
    lines = ["import hf_genimg", "", f"pipe = hf_genimg.load({json.dumps(where)})"]
    if facts.samples_noise:
        words = (*facts.able.prompts, "a red house")[0]
        prompt = f"prompt={json.dumps(words)}, " if facts.can("text") else ""
        lines.append(f"image = pipe({prompt}seed=0).images[0]")
        if not prompt:
            lines.append('pipe.save_grid("grid.png", num_images=16, seed=0)')
        if name := next(iter(facts.pipeline.directions), None):
            given = f"{prompt}seed=0, directions={{{json.dumps(name, ensure_ascii=False)}: 2.0}}"
            lines.append(f"edited = pipe({given}).images[0]")
        return "\n".join([*lines, "again = pipe.reconstruct(image)[0]"] if facts.can("encode") else lines)
    size = (EXAMPLE_SIZE, EXAMPLE_SIZE)
    pictures = {"picture": f'Image.new("RGB", {size}, "white")  # or Image.open(...)'}
    if facts.can("mask"):
        pictures["mask"] = f'Image.new("L", {size}, 255)  # white where something is to be filled in'
    if facts.can("style"):
        pictures["style"] = f'Image.new("RGB", {size}, "navy")  # whose style the picture is given'
    lines = ["from PIL import Image", *lines, *(f"{name} = {value}" for name, value in pictures.items())]
    given = ", ".join(["picture", *(f"{name}={name}" for name in pictures if name != "picture")])
    last = "print(pipe(picture, top_k=3))" if facts.task == "classification" else f"image = pipe({given}).images[0]"
    back = ["back = pipe(image, reverse=True).images[0]"] if facts.can("reverse") else []
    return "\n".join([*lines, last, *back])


def _standalone(repo_id: str) -> str:
    settings = 'custom_pipeline="pipeline", trust_remote_code=True'
    loaded = f'pipe = DiffusionPipeline.from_pretrained("{repo_id}", {settings})'
    return f"from diffusers import DiffusionPipeline\n\n{loaded}"


def _local_name(folder: Path) -> str:
    """The path as seen from here where it lies below; otherwise the folder's name, for a card tells nobody where its
    maker keeps things.
    """
    path = folder.absolute()
    below = Path.cwd() in path.parents
    return (path.relative_to(Path.cwd()) if below else Path(path.name)).as_posix()


def _digest(body: str) -> str:
    return hashlib.sha256(card_bytes(body)).hexdigest()


def _read(file: Path) -> str:
    """The text of a card; nothing where there is none."""
    return file.read_bytes().decode("utf-8", "surrogateescape") if file.exists() else ""


def _replace(file: Path, content: str) -> None:
    """Whole or not at all, and not at all where nothing changes."""
    if _read(file) == content:
        return
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        partial.write_bytes(card_bytes(content))
        os.replace(partial, file)
    finally:
        partial.unlink(missing_ok=True)
