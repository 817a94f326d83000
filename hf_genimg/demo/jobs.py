"""Training jobs of the studio: what visitors ask for becomes commands of the command line, in files on disk.

FOLDER/NAME is the run of a job, an ordinary one; FOLDER/.jobs/NAME what was asked and what came of it; FOLDER/.queue
what waits. `job_runner` gives the commands, in a process of its own.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..recipes import recipe_class, recipe_names
from ..training.fields import parse_fields
from .archives import check_archive, digest_of, keep_archive
from .job_runner import QUEUE, REPORTS, is_alive, is_held, main, read, waiting, write
from .requests import check_data, check_public

FOLDER_VARIABLE = "HF_GENIMG_JOBS"  # environment: where jobs lie
FOLDER = Path("runs") / "studio"
AUTO = "auto"
NAME = re.compile(r"[A-Za-z0-9][\w-]{0,39}")
MOST_WAITING, MOST_JOBS = 20, 100
LOG_LINES, AUTO_LOG = 100, 500  # in the log of a run; images between two, where the length is found out later
ACTIONS = ("plan", "train", "evaluate", "space", "push")
_started: list[subprocess.Popen[bytes]] = []  # runners, until they have ended


@dataclass(frozen=True)
class Job:
    """What is trained: `data` as on the command line, a recipe's name or `auto`, and `field=value` texts."""

    name: str
    data: str
    recipe: str
    settings: tuple[str, ...]
    archive: str = ""  # sha256 of the zip that was uploaded as its data
    created: float = 0.0

    @property
    def same(self) -> tuple[Any, ...]:
        """Equal for jobs that would train the same."""
        return (self.archive or self.data, self.recipe, self.settings)


class Jobs:
    """The jobs in a folder.

    Args:
        folder: where they lie; it is made when the first one is added.
        taken: names that other models have.

    private: whether only the user of this machine can ask; unless so, nothing of the machine is read and nothing is
    pushed with its token.
    """

    def __init__(self, folder: Path | None = None, taken: Iterable[str] = ()) -> None:
        if sys.platform == "win32":
            raise ValueError("training in the page needs Linux or macOS; use hf-genimg train")
        self.folder = Path(folder or os.environ.get(FOLDER_VARIABLE) or FOLDER).expanduser().absolute()
        self.taken = frozenset(taken)
        self.private: Callable[[], bool] = lambda: False
        self.wake()

    @property
    def jobs(self) -> list[Job]:
        """All of them, the newest first."""
        found = [self._read(file.parent.name) for file in (self.folder / REPORTS).glob("*/job.json")]
        return sorted((job for job in found if job is not None), key=lambda job: -job.created)

    @property
    def busy(self) -> bool:
        """Whether a command is at work, or waits."""
        return bool(waiting(self.folder))

    @property
    def trained(self) -> list[str]:
        """Names of those that have a model, the newest first."""
        return [job.name for job in self.jobs if (self.run_of(job.name) / "pipeline" / "model_index.json").is_file()]

    def run_of(self, name: str) -> Path:
        """The run directory of a job."""
        return self.folder / name

    def reports_of(self, name: str) -> Path:
        """The folder of what was asked of a job, and what came of it."""
        return self.folder / REPORTS / name

    def find(self, name: str | None) -> Job:
        """A job by its name; `ValueError` where there is none."""
        job = self._read(name) if name and NAME.fullmatch(name) else None
        if job is None:
            raise ValueError(f"there is no job called {str(name)[:40]!r} here; choose one of the list")
        return job

    def _read(self, name: str) -> Job | None:
        found = read(self.reports_of(name) / "job.json")
        try:
            return None if found is None else Job(**{**found, "settings": tuple(found["settings"])})
        except (TypeError, KeyError):
            return None

    def add(self, name: str, data: str, recipe: str, settings: str, archive: Path | None = None) -> Job:
        """A new job, or the one that would train the same and has not begun; nothing is started.

        name: empty for one that is made of the recipe's. settings: `field=value` texts, with spaces between them.
        archive: a zip of pictures that was uploaded, instead of `data`.

        Raises:
            ValueError: something cannot be, or strangers may not ask for it: one line.
        """
        jobs = self.jobs
        if len(jobs) >= MOST_JOBS:
            raise ValueError(f"there are {len(jobs)} jobs already; remove some first")
        texts = tuple(_split(settings))
        private = self.private()
        check_recipe(recipe, texts, private)
        name = name.strip() or self._unused(recipe)
        if archive is None:
            made = Job(name, check_data(data, private), recipe, texts)
        else:
            check_archive(archive)
            digest = digest_of(archive)
            made = Job(name, str(self.folder / ".archives" / f"{digest}.zip"), recipe, texts, archive=digest)
        again = next((job for job in jobs if job.same == made.same and not self.run_of(job.name).exists()), None)
        if again is not None:
            return again
        self._check_name(name)
        if archive is not None:
            keep_archive(archive, Path(made.data))
        made = Job(**{**asdict(made), "created": time.time()})
        self.reports_of(name).mkdir(parents=True, exist_ok=True)
        write(self.reports_of(name) / "job.json", asdict(made))
        return made

    def _unused(self, recipe: str) -> str:
        names = (f"{recipe}-{number}" for number in range(1, MOST_JOBS + len(self.taken) + 2))
        return next(name for name in names if name not in self.taken and not self._exists(name))

    def _exists(self, name: str) -> bool:
        return self.run_of(name).exists() or self.reports_of(name).exists()

    def _check_name(self, name: str) -> None:
        if not NAME.fullmatch(name):
            raise ValueError(f"name={name[:40]!r} is not possible; use at most 40 letters, digits, - and _")
        if name in self.taken or self._exists(name):
            raise ValueError(f"the name {name} is taken; give another one")

    def ask(self, name: str, action: str, repo_id: str = "", private_repo: bool = False) -> None:
        """Have a command given for a job, as soon as those before it have ended.

        action: one of `ACTIONS`. repo_id, private_repo: of `space` and `push`.

        Raises:
            ValueError: it cannot be now, or strangers may not ask for it: one line.
        """
        job = self.find(name)
        if self.entry_of(name) is not None or self.is_running(name):
            raise ValueError(f"{name} is at work or waits for it; stop it first, or wait")
        if len(waiting(self.folder)) >= MOST_WAITING:
            raise ValueError(f"{MOST_WAITING} commands wait already; wait for some to end")
        if action not in ("plan", "train") and name not in self.trained:
            raise ValueError(f"{name} has no model yet; train it first")
        if action == "push" and not self.private():
            raise ValueError(
                "pushing takes the token of who serves this page, so it works only where the page is served to this "
                "machine alone; download the Space, or use hf-genimg push"
            )
        arguments = self._arguments(job, action, repo_id.strip(), private_repo)
        (self.folder / QUEUE).mkdir(parents=True, exist_ok=True)
        request = {"job": name, "action": action, "arguments": arguments, "anonymous": not self.private()}
        entry = self.folder / QUEUE / f"{time.time_ns()}-{name}.json"
        write(entry, {**request, "marker": str(self.run_of(name))})
        self.wake()

    def _arguments(self, job: Job, action: str, repo_id: str, private_repo: bool) -> list[str]:
        run = str(self.run_of(job.name))
        if action in ("plan", "train"):
            return self.training(job) + (["--plan"] if action == "plan" else [])
        if action == "evaluate":
            index = read(self.run_of(job.name) / "pipeline" / "model_index.json") or {}
            paired = ["--paired"] if index.get("_class_name") == "ImageTranslationPipeline" else []
            return ["evaluate", run, "--reference", job.data, *paired]
        if not repo_id:
            raise ValueError("there is no Hub id yet; say where to, as owner/name")
        if action == "push":
            return ["push", run, repo_id, *(["--private"] if private_repo else [])]
        target = self.reports_of(job.name) / f"space-{time.time_ns()}"
        return ["space", run, repo_id, "--local", str(target)]

    def training(self, job: Job) -> list[str]:
        """The arguments that train a job, and resume it."""
        settings = [f"data={job.data}", *job.settings, *_log_images(job)]
        return ["train", job.recipe, *settings, "--out", str(self.run_of(job.name))]

    def stop(self, name: str) -> None:
        """Take a command back: one that runs is asked to save and leave, as by Ctrl-C; one that waits is forgotten."""
        self.find(name)
        entry = self.entry_of(name)
        report = self.latest(name)
        if entry is None and not self.is_running(name):
            raise ValueError(f"{name} is not at work; there is nothing to stop")
        if entry is not None:
            entry.unlink(missing_ok=True)
        if self.is_running(name):
            os.kill(report["pid"], signal.SIGINT)
        self.wake()

    def remove(self, name: str) -> None:
        """Delete a job: its run with the model, what was asked of it, and its archive where no other job has it.

        Raises:
            ValueError: it is at work or waits, or strangers ask.
        """
        job = self.find(name)
        if not self.private():
            raise ValueError(
                "jobs of others may be here, so they are removed only where the page is served to this machine alone"
            )
        if self.entry_of(name) is not None or self.is_running(name):
            raise ValueError(f"{name} is at work or waits for it; stop it first, then remove it")
        for folder in (self.run_of(name), self.reports_of(name)):  # the list has it until the run is gone
            if folder.exists():
                shutil.rmtree(folder)
        if job.archive and all(other.archive != job.archive for other in self.jobs):
            Path(job.data).unlink(missing_ok=True)

    def entry_of(self, name: str) -> Path | None:
        """The request of a job that is not answered yet."""
        return next((entry for entry in waiting(self.folder) if entry.stem.partition("-")[2] == name), None)

    def latest(self, name: str) -> dict[str, Any]:
        """What is known of the command that was started last for a job; empty where none was."""
        found = [read(file) for file in self.reports_of(name).glob("*.json") if file.stem in ACTIONS]
        return max((report for report in found if report), key=lambda report: report.get("started", 0), default={})

    def is_running(self, name: str) -> bool:
        """Whether a command of a job is at work."""
        report = self.latest(name)
        return "exit" not in report and is_alive(report.get("pid"), str(self.run_of(name)))

    def wake(self) -> None:
        """See to it that somebody gives the commands that wait."""
        _started[:] = [runner for runner in _started if runner.poll() is None]
        if not waiting(self.folder) or is_held(self.folder):
            return
        with (self.folder / ".runner.log").open("ab") as log:
            arguments = [sys.executable, "-m", main.__module__, str(self.folder)]
            quiet = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            _started.append(subprocess.Popen(arguments, **quiet, start_new_session=True))


def _log_images(job: Job) -> list[str]:
    """So often that the curves move while somebody watches, unless the job says how often."""
    if any(text.startswith("log_images=") for text in job.settings):
        return []
    if job.recipe == AUTO:
        return [f"log_images={AUTO_LOG}"]
    kind = recipe_class(job.recipe)
    recipe = kind().override(**parse_fields(kind, list(job.settings)))
    often = max(1, recipe.images // LOG_LINES)
    return [f"log_images={often}"] if often < recipe.log_images else []


def _split(settings: str) -> list[str]:
    try:
        return shlex.split(settings)
    except ValueError as error:
        raise ValueError(f"the options cannot be read ({error}); write field=value, with spaces between them") from None


def check_recipe(recipe: str, settings: tuple[str, ...], private: bool) -> None:
    """Raise `ValueError` for a recipe that is none of the package, and for fields or values that it does not have."""
    if recipe != AUTO and recipe not in recipe_names():
        raise ValueError(f"there is no recipe {recipe[:40]!r}; use {AUTO} or one of hf-genimg list recipes")
    for text in settings:
        name, equals, value = text.partition("=")
        if not equals or name.startswith("-"):
            raise ValueError(f"{text[:60]!r} is not a setting; write field=value, such as image_size=32")
        if name == "data":
            raise ValueError("data= has a place of its own; leave it out of the options")
        if not private:
            check_public(name, value)
    if recipe != AUTO:
        kind = recipe_class(recipe)
        kind().override(**parse_fields(kind, list(settings))).check()
    elif not any(text.startswith("minutes=") for text in settings):
        raise ValueError("auto needs minutes=, how long the run may take, such as minutes=30")
