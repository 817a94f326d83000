"""A report to look at: one page as a picture, and the scores as a Markdown table, beside scores.json."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from .scores import Report, Score

PAGE, DPI = (8.27, 11.69), 150  # inches of A4
RATES = ("precision", "recall", "density", "coverage", "diversity")
WATCHED = (
    "scores/",
    "collapse/duplicate_rate",
    "collapse/variance_ratio",
)  # entries of a run's log that are no losses


def companions(scores: Path) -> tuple[Path, Path]:
    """The page and the table that lie beside a file of scores."""
    return scores.with_suffix(".png"), scores.with_suffix(".md")


def write_page(report: Report, scores: Path, records: Sequence[dict[str, Any]] = ()) -> tuple[Path, Path]:
    """Write the page and the table beside `scores`, each whole or not at all.

    records: lines of a run's log, for its curves.
    """
    page, table = companions(scores)
    with replacing(page) as temporary:
        _draw(report, records).savefig(temporary, format="png", dpi=DPI, metadata=_signed(report))
    warnings = "".join(f"\n- warning: {alarm}" for alarm in report.alarms)
    with replacing(table) as temporary:
        temporary.write_text(
            f"{report.markdown()}\n{warnings}\n" if warnings else f"{report.markdown()}\n", encoding="utf-8"
        )
    return page, table


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to write that takes the place of `path` once it is whole; nothing is left of it otherwise."""
    temporary = path.with_name(f".{path.name}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _signed(report: Report) -> dict[str, str]:
    """What the file says of the images on it."""
    model = report.source.get("model")
    return (
        {}
        if model is None
        else {"Description": f"AI-generated images of {model}, revision {report.source.get('revision')}, with scores"}
    )


def read_log(log: Path) -> list[dict[str, Any]]:
    """The lines of a run's log; empty where there is none. A last line that a kill left unfinished is left out.

    Raises `ValueError` that names the first damaged line.
    """
    if not log.is_file():
        return []
    *lines, _ = log.read_bytes().split(b"\n")
    records = []
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict) or not isinstance(record.get("images"), int) or not _plain(record):
            raise ValueError(
                f"line {number} of {log} is damaged: {line[:40]!r} is no record of a run; remove that line"
            )
        records.append(record)
    return records


def _plain(record: dict[str, Any]) -> bool:
    """Whether every value is a number or text."""
    return all(isinstance(value, int | float | str) or value is None for value in record.values())


def _draw(report: Report, records: Sequence[dict[str, Any]]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=PAGE, layout="constrained")
    facts = [f"{name} {value}" for name, value in report.source.items() if name not in ("python", "torch")]
    figure.suptitle("\n".join(textwrap.wrap(", ".join(facts), 100)), fontsize=9)
    top, middle, bottom = figure.subfigures(3, 1, height_ratios=(5, 2.6, 4))
    left, right = top.subplots(1, 2, width_ratios=(8, 3))
    _show(left, report.pictures.get("samples"), "first images")
    _show(
        right, report.pictures.get("neighbours"), "most like the reference: ours,\nits nearest by features, by pixels"
    )
    panels = middle.subplots(1, 3)
    _bars(panels[0], report)
    _classes(panels[1], report.diagnosis or {})
    _curves(panels[2], records)
    _table(bottom.subplots(), report)
    return figure


def _show(axes: Any, picture: Any, title: str) -> None:
    axes.set_axis_off()
    if picture is None:
        return
    axes.set_title(title, fontsize=8)
    axes.imshow(np.asarray(picture.convert("RGB")), interpolation="nearest")


def _bars(axes: Any, report: Report) -> None:
    """Scores that are 1 for images like the reference, with their intervals."""
    found = {name: report.scores[name] for name in RATES if name in report.scores}
    if not found:
        axes.set_axis_off()
        return
    values = [score.value for score in found.values()]
    axes.bar(range(len(found)), values, yerr=np.transpose([_errors(score) for score in found.values()]), capsize=3)
    axes.set_xticks(range(len(found)), found, rotation=35, ha="right", fontsize=7)
    axes.axhline(1, color="grey", linewidth=0.5)
    axes.set_title("beside the reference", fontsize=8)
    axes.tick_params(labelsize=7)


def _errors(score: Score) -> tuple[float, float]:
    return (0.0, 0.0) if score.low is None else (max(0.0, score.value - score.low), max(0.0, score.high - score.value))


def _classes(axes: Any, diagnosis: dict[str, Any]) -> None:
    """How often each class is made, and there."""
    shares = diagnosis.get("shares")
    if not shares or len(shares) > 100:
        axes.set_axis_off()
        return
    places = np.arange(len(shares))
    axes.bar(places - 0.2, shares, 0.4, label="made")
    axes.bar(places + 0.2, diagnosis["reference_shares"], 0.4, label="reference")
    axes.set_title("classes, as the extractor reads them", fontsize=8)
    axes.legend(fontsize=6)
    axes.tick_params(labelsize=7)


def _curves(axes: Any, records: Sequence[dict[str, Any]]) -> None:
    """The first score over images where the run was scored while training, else its losses."""
    keys = list(dict.fromkeys(key for record in records for key in record))
    scored = [key for key in keys if key.startswith("scores/")][:1]
    chosen = scored or [key for key in keys if "/" in key and not key.startswith(WATCHED)]
    if not chosen:
        axes.set_axis_off()
        return
    for key in chosen:
        points = [(record["images"], record[key]) for record in records if key in record]
        axes.plot(*zip(*points, strict=True), label=key, linewidth=0.8, marker="." if len(points) < 30 else None)
    axes.set_title("while training, over images", fontsize=8)
    axes.legend(fontsize=5)
    axes.tick_params(labelsize=6)


def _table(axes: Any, report: Report) -> None:
    axes.set_axis_off()
    lines = report.table().splitlines()
    facts = ", ".join(f"{name} {value}" for name, value in report.protocol.items())
    lines = [line if len(line) <= 112 else f"{line[:109]}..." for line in lines]
    axes.text(0, 1, "\n".join(lines), family="monospace", fontsize=6.5, va="top", transform=axes.transAxes)
    axes.text(0, 0, textwrap.fill(f"Protocol: {facts}", 170), fontsize=5, va="bottom", transform=axes.transAxes)
