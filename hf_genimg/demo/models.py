"""The models of a page: loaded once, shared by all visitors, used by one at a time."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..hub.fetch import fetch
from ..pipelines.capabilities import Capabilities
from ..pipelines.loading import load
from .jobs import Jobs

TYPED_MODELS = 3  # that visitors named and that stay in memory; the one not used for longest makes room
MOST_IMAGES = 64  # of one request
MOST_PIXELS = 2**22  # of all images of one request: 64 of 256 pixels a side, 4 of 1024


@dataclass
class Shared:
    """A pipeline that several threads use: hold `lock` around each call of its network, and no longer."""

    name: str
    pipe: Any
    folder: Path | None  # the run or pipeline directory that it is from, where it is from one
    lock: Any = field(default_factory=threading.RLock, repr=False)
    known: dict[str, Any] = field(default_factory=dict, repr=False)  # what was worked out about it once, by name

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return self.pipe.capabilities

    @property
    def generates(self) -> bool:
        """Whether it makes images from noise."""
        return self.capabilities.task in ("generation", "reconstruction")

    @property
    def latent_dim(self) -> int:
        """Length of a latent vector; 0 where there is none."""
        vectors = self.generates and self.capabilities.interpolation
        return int(self.pipe.network.config.get("latent_dim") or 0) if vectors else 0

    @property
    def has_directions(self) -> bool:
        """Whether directions in its latents can be found: they are vectors, and no text decides beside them."""
        return bool(self.latent_dim) and not self.capabilities.text

    @property
    def most_images(self) -> int:
        """How many images one request may ask for."""
        return max(1, min(MOST_IMAGES, MOST_PIXELS // self.capabilities.image_size**2))

    @property
    def class_names(self) -> list[str]:
        """Of the labels that it takes or gives, in their order."""
        able = self.capabilities
        return list(able.class_names or map(str, range(able.num_classes)))

    def example_prompt(self, number: int = 0) -> str:
        """One of the prompts that the model was trained on, in turn by number; empty where there are none."""
        prompts = self.capabilities.prompts
        return prompts[number % len(prompts)] if prompts else ""

    def know(self, what: str, work_out: Any) -> Any:
        """`work_out()`, once for each `what`."""
        with self.lock:
            if what not in self.known:
                self.known[what] = work_out()
            return self.known[what]


class Shelf:
    """Models by name.

    Args:
        models: run directories, pipeline directories, Hub ids or pipelines; one of these, or several.
        any_model: whether a visitor may name a model of the Hub as well. Never a path: what lies on this machine is not
            theirs to open.
        results_to: the dataset on the Hub that answers of the human test are sent to, where there is a token; None for
            none.
        data: what the models learned from, in place of what their runs say.
        keeps: whether visitors may save named directions with the models, for everybody.
        trains: whether models are trained in the page: then there may be none yet. `jobs` has them.

    Raises:
        ValueError: there is no model, and none can be named.
        Others: as `load`.
    """

    def __init__(
        self,
        models: Any = (),
        *,
        any_model: bool = False,
        results_to: str | None = None,
        data: str | None = None,
        keeps: bool = False,
        trains: bool = False,
    ) -> None:
        self.any_model, self.results_to, self.keeps = any_model, results_to, keeps
        # by visit: tests that were answered in, until the visitor leaves
        self.raters: dict[str, dict[tuple[Path, str], Any]] = {}
        self._lock, self._fetching = threading.Lock(), threading.Lock()
        self._typed: OrderedDict[str, Shared] = OrderedDict()
        self._own: dict[str, Shared] = {}
        for each in _listed(models):
            pipe = load(each) if isinstance(each, str | os.PathLike) else each
            pipe.set_progress_bar_config(disable=True)
            name = _unused(pipe.model_name, self._own)
            self._own[name] = Shared(
                name, pipe, _folder(each if isinstance(each, str | os.PathLike) else pipe.name_or_path)
            )
            self._own[name].known |= {"data": data} if data else {}
        self.jobs = Jobs(taken=self._own) if trains else None
        if not self._own and not any_model and not trains:
            raise ValueError("there is no model to show; give at least one run directory, pipeline directory or Hub id")

    @property
    def names(self) -> list[str]:
        """Of the models that the page was made with, and those that were trained in it."""
        return [*self._own, *(self.jobs.trained if self.jobs else ())]

    @property
    def models(self) -> list[Shared]:
        """Those that the page was made with."""
        return list(self._own.values())

    def find(self, name: str | None) -> Shared:
        """A model by its name, or by its Hub id where any may be named; the first one where no name is given."""
        name = (name or "").strip() or next(iter(self.names), "")
        if name in self._own:
            return self._own[name]
        if self.jobs is not None and name in self.jobs.trained:
            return self._trained(self.jobs.run_of(name))
        if not self.any_model:
            raise ValueError(f"there is no model called {name[:80]!r} here; choose one of {', '.join(self.names)}")
        return self._known(name) or self._fetch(name)

    def _trained(self, run: Path) -> Shared:
        """The model of a run as it is now: training may have gone on since it was loaded."""
        saved = (run / "pipeline" / "model_index.json").stat().st_mtime_ns
        with self._fetching:
            known = self._known(run.name)
            if known is not None and known.known["saved"] == saved:
                return known
            pipe = load(run)
            pipe.set_progress_bar_config(disable=True)
            return self._keep(Shared(run.name, pipe, run, known={"saved": saved}))

    def _keep(self, made: Shared) -> Shared:
        """In memory, in place of the one that was not used for longest."""
        with self._lock:
            self._typed[made.name] = made
            self._typed.move_to_end(made.name)
            while len(self._typed) > TYPED_MODELS:
                self._typed.popitem(last=False)
            return made

    def _known(self, name: str) -> Shared | None:
        with self._lock:
            if name in self._typed:
                self._typed.move_to_end(name)
            return self._typed.get(name)

    def _fetch(self, name: str) -> Shared:
        # one download at a time, and never two of one model; those that are there are not kept waiting
        with self._fetching:
            if known := self._known(name):
                return known
            pipe = fetch(name)
            pipe.set_progress_bar_config(disable=True)
            return self._keep(Shared(name, pipe, _folder(pipe.name_or_path)))


def _listed(models: Any) -> Iterable[Any]:
    several = isinstance(models, Iterable) and not isinstance(models, str | os.PathLike)
    return list(models) if several else [models]


def _unused(name: str, taken: Iterable[str]) -> str:
    number = 2
    unused = name
    while unused in taken:
        unused, number = f"{name} ({number})", number + 1
    return unused


def _folder(source: str | os.PathLike[str] | None) -> Path | None:
    path = Path(source).expanduser() if source else None
    if path is None or not path.is_dir():
        return None
    run = path.parent if path.name == "pipeline" else path
    return run if (run / "recipe.json").is_file() else path
