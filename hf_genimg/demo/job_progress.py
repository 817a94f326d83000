"""How far a job of the studio is: read from the files of its run and of its commands, whoever wrote them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from ..training.curve import draw_curves
from .about import stored_picture
from .job_runner import read, waiting
from .jobs import Jobs

TAIL = 2**15  # bytes of a command's output that are looked at
LINES = 30  # of it that are shown
POINTS = 400  # of each curve
LARGEST_LOG = 2**24  # bytes of a log that is drawn
STOPPED = 130  # exit status after Ctrl-C
BAR = re.compile(r"\d+%\||it/s|img/s|\bimg\b.*\?")  # a progress bar


@dataclass(frozen=True)
class Progress:
    """state: new, waiting, running, stopping, stopped, done or failed. action: which command that is about. ahead: how
    many are before it. images, total: of the run. rate: images a second. line: what the command printed last.
    """

    state: str
    action: str = ""
    ahead: int = 0
    images: int = 0
    total: int = 0
    rate: float = 0.0
    line: str = ""

    @property
    def seconds_left(self) -> float | None:
        """Of training; None where that is not known."""
        return (self.total - self.images) / self.rate if self.rate and self.total else None

    @property
    def busy(self) -> bool:
        """Whether something is going on, or will."""
        return self.state in ("waiting", "running", "stopping")


def progress_of(jobs: Jobs, name: str) -> Progress:
    """How far a job is."""
    entry, report = jobs.entry_of(name), jobs.latest(name)
    running = jobs.is_running(name)
    images, total, rate = _trained(jobs.run_of(name))
    if entry is not None and not running:
        request = read(entry) or {}
        ahead = [each for each in waiting(jobs.folder) if each.name < entry.name]
        return Progress("waiting", request.get("action", ""), len(ahead), images, total)
    action = report.get("action", "")
    if running:
        return Progress("stopping" if entry is None else "running", action, 0, images, total, rate)
    if not report:
        return Progress("new")
    state = {0: "done", STOPPED: "stopped"}.get(report.get("exit", STOPPED), "failed")
    return Progress(state, action, 0, images, total, 0.0, last_line(jobs, name, action))


def _trained(run: Path) -> tuple[int, int, float]:
    """Images so far, images in all, and images a second."""
    fields = (read(run / "recipe.json") or {}).get("fields", {})
    last = next((record for record in reversed(_records(_tail(run / "log.jsonl"))) if "images" in record), {})
    rates = [record.get("images_per_second") for record in _records(_tail(run / "log.jsonl"))[-10:]]
    known = [rate for rate in rates if isinstance(rate, int | float)]
    total = fields.get("images", 0) if isinstance(fields, dict) else 0
    grids = [int(file.stem) for file in (run / "samples").glob("[0-9]*.png") if file.stem.isdigit()]
    return max([int(last.get("images", 0)), *grids]), int(total or 0), float(known[-1]) if known else 0.0


def _records(text: str) -> list[dict[str, Any]]:
    """The whole lines of a log; what is no record is left out."""
    found = []
    for line in text.splitlines():
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict) and isinstance(record.get("images"), int):
            found.append(record)
    return found


def _tail(file: Path, most: int = TAIL) -> str:
    try:
        with file.open("rb") as opened:
            opened.seek(0, 2)
            opened.seek(max(0, opened.tell() - most))
            return opened.read().decode("utf-8", errors="replace")
    except OSError:
        return ""


def output_of(jobs: Jobs, name: str, action: str) -> str:
    """The last lines that a command printed, a progress bar as its last state."""
    text = _tail(jobs.reports_of(name) / f"{action}.log") if action else ""
    lines = [line.rpartition("\r")[2].rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    return "\n".join([line for line in lines if line][-LINES:])


def last_line(jobs: Jobs, name: str, action: str) -> str:
    """What a command said at its end: its error, else its result."""
    lines = [line for line in output_of(jobs, name, action).splitlines() if not BAR.search(line)]
    return lines[-1].removeprefix("hf-genimg: ") if lines else ""


def grid_of(run: Path) -> tuple[Image.Image, int] | None:
    """The last grid of samples, and after how many images it was made."""
    for file in sorted((run / "samples").glob("[0-9]*.png"), reverse=True):
        image = stored_picture(file)
        if image is not None:
            return image, int(file.stem) if file.stem.isdigit() else 0
    return None


def curve_of(jobs: Jobs, name: str) -> Image.Image | None:
    """The loss curves so far as a picture, drawn anew where the log has grown; None where there is nothing to draw."""
    log, target = jobs.run_of(name) / "log.jsonl", jobs.reports_of(name) / "curve.png"
    if not log.is_file():
        return None
    if not target.is_file() or target.stat().st_mtime < log.stat().st_mtime:
        records = _records(_tail(log, LARGEST_LOG))
        every = max(1, len(records) // POINTS)
        chosen = [record for number, record in enumerate(records) if number % every == 0 or _is_rare(record)]
        partial = target.with_name(".curve.partial.png")
        draw_curves(chosen, partial)
        if not partial.is_file():
            return None
        partial.replace(target)
    return stored_picture(target)


def _is_rare(record: dict[str, Any]) -> bool:
    return any(name.startswith("held_out/") for name in record)
