"""What the About, Compare and Human test tabs say of a model: its card, curve, grids, scores, and pictures to try it
with.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from PIL import Image

from ..evaluation.scores import Report, unlike_fields
from ..faults import read_errors
from ..pipelines.capabilities import Capabilities
from ..pipelines.images import GAP, SMALLEST_IN_GRID
from . import score_tables
from .models import Shared
from .texts import say

MOST_GRIDS, MOST_EXAMPLES = 8, 8
NAMED = 20  # classes
THINGS_TO_TRY = 3
MOST_LETTERS = 20_000  # of a card


def facts(model: Shared) -> str:
    """In Markdown: what the model is, what it may be used for, and its scores with their protocol."""
    able = model.capabilities
    rows = [
        (say("task"), say(f"task_{able.task}")),
        (say("network"), type(model.pipe.network).__name__),
        (say("parameters"), f"{sum(weight.numel() for weight in model.pipe.network.parameters()):,}"),
        (say("size"), f"{_sides(able)}, {say({1: 'grey', 3: 'colour', 4: 'transparent'}[able.image_channels])}"),
        *([(say("scale"), f"x{able.scale}")] if (able.scale or 1) > 1 else []),
        *([(say("classes"), _classes(able))] if able.num_classes else []),
        *([(say("latents"), str(model.latent_dim))] if model.latent_dim else []),
        (say("weights"), f"`{model.pipe.revision}`"),
        (say("licence"), _licence(model)),
    ]
    table = "\n".join(f"- **{name}**: {value}" for name, value in rows)
    return f"## {model.name}\n\n{table}\n\n{say('not_for')}\n\n### {say('scores')}\n\n{scores(model)}"


def introduction(model: Shared) -> str:
    """In Markdown: the model's name, what it does, and three things to try."""
    able = model.capabilities
    does = say("intro_text" if able.text else f"intro_{able.task}", size=_sides(able))
    tries = [say(f"try_{name}") for name, has in _things_to_try(able) if has][:THINGS_TO_TRY]
    between = say("comma")
    return f"# {model.name}\n\n{does} {say('try', what=between.join(tries))}"


def _things_to_try(able: Capabilities) -> list[tuple[str, bool]]:
    """What is most fun first, and whether the model can do it."""
    makes = able.task in ("generation", "reconstruction")
    takes = able.task != "generation"
    return [
        ("prompt", able.text),
        ("class", makes and bool(able.num_classes)),
        ("codes", bool(able.codes)),
        ("upload", takes),
        ("paint", able.mask),
        ("style", able.style),
        ("reverse", able.reverse),
        ("morph", able.interpolation),
        ("explore", able.interpolation and not able.text),
        ("like", able.interpolation),
        ("examples", able.task == "classification"),
    ]


def _sides(able: Capabilities) -> str:
    return say("any_size") if able.any_size else f"{able.image_size}x{able.image_size}"


def _classes(able: Capabilities) -> str:
    """How many, and the names of the first."""
    names = ", ".join(able.class_names[:NAMED]) + (", ..." if len(able.class_names) > NAMED else "")
    return f"{able.num_classes}" + (f": {names}" if names else "")


def scores(model: Shared) -> str:
    """In Markdown, with the protocol folded away; or that there are none."""
    try:
        report = report_of(model)
    except ValueError as error:  # they are damaged
        return str(error).replace(f"{model.folder}/", "")
    if report is None:
        return say("no_scores")
    return score_tables.table(report)


def report_of(model: Shared) -> Report | None:
    """The scores that lie beside the model; `ValueError` where they are damaged."""
    file = model.folder / "scores.json" if model.folder else None
    return Report.load(file) if file and file.is_file() else None


def card(model: Shared) -> str:
    """The model card without its front matter and pictures; nothing where there is none."""
    text = re.sub(r"\A---\n.*?\n---\n", "", _text(model, "README.md"), flags=re.DOTALL)
    plain = re.sub(r"!\[[^\]]*\]\([^)]*\)|<[^>\n]+>", "", text)  # no picture from elsewhere, no markup of its own
    return plain[:MOST_LETTERS]


def _licence(model: Shared) -> str:
    found = re.search(r"^license:\s*([\w.\-]+)", _text(model, "README.md"), re.MULTILINE)
    return found[1] if found else say("not_stated")


def _text(model: Shared, name: str) -> str:
    """What a file beside the model holds; nothing where there is none."""
    file = model.folder / name if model.folder else None
    return file.read_text(encoding="utf-8", errors="replace") if file and file.is_file() else ""


def curve(model: Shared) -> Image.Image | None:
    """The losses over time, where the model lies in its run."""
    return stored_picture(model.folder / "curve.png") if model.folder else None


def grids(model: Shared) -> list[tuple[Image.Image, str]]:
    """Grids from fixed seeds over time, with how many images the model had seen; at most eight, evenly chosen."""
    files = sorted((model.folder / "samples").glob("*.png")) if model.folder else []
    step = max(1, -(-len(files) // MOST_GRIDS))
    chosen = files[::-1][::step][::-1]
    pictures = [(stored_picture(file), file.stem) for file in chosen]
    return [
        (picture, say("images_seen", count=int(stem)) if stem.isdigit() else stem)
        for picture, stem in pictures
        if picture is not None
    ]


def stored_picture(file: Path) -> Image.Image | None:
    """The PNG in a run; None where there is none, where it is damaged, or being written."""
    if not file.is_file():
        return None
    try:
        with Image.open(file, formats=["PNG"]) as image:
            image.load()
    except read_errors():
        return None
    return image


def examples(model: Shared) -> list[Image.Image]:
    """Pictures to try the model with: inputs from the last grid of a translator's run, else real images that it learned
    from.
    """

    def find() -> list[Image.Image]:
        if model.capabilities.task == "translation":
            return _inputs_of_grid(model)
        return real_images(model, MOST_EXAMPLES)

    return model.know("examples", find)


def _inputs_of_grid(model: Shared) -> list[Image.Image]:
    """Every third cell of the grid that a translator's run saves is an input."""
    shown = grids(model)
    if not shown:
        return []
    picture, size = shown[-1][0], model.capabilities.image_size
    factor = max(1, SMALLEST_IN_GRID // size)
    cell = size * factor + GAP
    cells = [(column, row) for row in range(picture.height // cell) for column in range(0, picture.width // cell, 3)]
    corners = [(column * cell + GAP // 2, row * cell + GAP // 2) for column, row in cells]
    cut = [picture.crop((x, y, x + size * factor, y + size * factor)).resize((size, size)) for x, y in corners]
    return [image for image in cut if image.convert("L").getextrema() != (255, 255)][:MOST_EXAMPLES]


def data_of(model: Shared) -> str | None:
    """What the model's run learned from, unless the page was started with other data; None where that is not known, or
    its recipe is damaged. Of a model of the Hub the built-in digits alone: its recipe may name a folder of ours.
    """
    text = _text(model, "recipe.json")
    if not text or model.known.get("data"):
        return model.known.get("data")
    try:
        data = json.loads(text)["fields"]["data"]
    except read_errors():
        return None
    theirs = model.pipe._hub_origin() is not None and str(data).partition("@")[0] != "digits"
    return data if isinstance(data, str) and not theirs else None


def real_images(model: Shared, count: int) -> list[Image.Image]:
    """The first images of the data that the model learned from, as it saw them; none where the data are not here."""
    data: Any = data_of(model)
    if not data or model.capabilities.task == "translation":
        return []
    from ..evaluation.sources import open_data

    try:
        able = model.capabilities
        opened = open_data(data, able.image_size, able.image_channels, None, progress=False)
    except (OSError, ValueError):
        return []
    pixels = opened.batch(0, min(count, len(opened))).numpy()
    return [Image.fromarray(each[..., 0] if each.shape[-1] == 1 else each) for each in pixels]


def verdicts(one: Shared, other: Shared) -> str:
    """In Markdown: which of two models is better by their scores, or why they cannot be compared."""
    reports = report_of(one), report_of(other)
    if None in reports:
        missing = ", ".join(model.name for model, report in zip((one, other), reports, strict=True) if report is None)
        return say("by_eye", missing=missing)
    beside = score_tables.both((one.name, other.name), reports)
    if unlike_fields(*reports):
        names = ", ".join(field.partition("=")[0] for field in unlike_fields(*reports))
        return f"{say('unlike', names=names)}\n\n{beside}"
    return beside
