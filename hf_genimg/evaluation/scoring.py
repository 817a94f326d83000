"""Scores while a model trains: measured as often as the recipe says, logged, and the best model kept beside the last
one.
"""

from __future__ import annotations

import shutil
import warnings
from typing import Any

from .evaluate import open_reference, score
from .extractors import default_extractor, open_extractor
from .metrics import chosen_metrics
from .scores import Report, lower_is_better
from .sources import ModelImages

SCORES, BEST = "scores.json", "best"  # of the last model, and the folder of the best pipeline with its own scores


class Scoring:
    """A callback of a run: `scores.json` for the model as it is, `best/` for the one with the best value of the first
    metric.

    every: images between two measurements, and at the end; None: at the end only. metrics: names; the first decides
    what is best.
    reference: the recipe's training images. num: how many images are made each time.
    """

    name = "scores"

    def __init__(self, every: int | None, metrics: list[str], reference: Any, extractor: str | None, num: int) -> None:
        chosen_metrics(metrics)
        self.every, self.metrics, self.num = every, metrics, num
        self.reference = open_reference(reference)
        self.eyes = open_extractor(extractor or default_extractor(reference.name, None))
        self.eyes.check(reference.image_channels)
        self.best: dict[str, Any] | None = None

    def __call__(self, run: Any) -> None:
        report = self._report(run)
        report.save(run.directory.path / SCORES)
        run.log(
            {**{f"scores/{name}": each.value for name, each in report.scores.items()}, **self._watched(run, report)}
        )
        value = next(iter(report.scores.values())).value
        if self.best is None or (
            (value < self.best["value"]) == self._lower_is_better(report) and value != self.best["value"]
        ):
            self.best = {"value": value, "images": run.images}
            self._keep(run, report)

    @staticmethod
    def _watched(run: Any, report: Report) -> dict[str, float]:
        """Signs of collapse for the log; those that alarm are said at once."""
        for alarm in report.alarms:
            warnings.warn(f"at {run.images:,} images: {alarm}", UserWarning, stacklevel=4)
        found = report.diagnosis or {}
        signs = {
            f"collapse/{name}": found[name]
            for name in ("duplicate_rate", "variance_ratio", "imbalance")
            if found.get(name) is not None
        }
        return {**signs, "collapse/alarms": len(report.alarms)}

    def _report(self, run: Any) -> Report:
        pipeline = run.pipeline()
        pipeline.set_progress_bar_config(disable=True)
        able = pipeline.capabilities
        made = ModelImages(pipeline, self.num, 0, able.image_size, able.image_channels)
        self.eyes.to(run.accelerator.device)
        source = {"model": run.directory.path.name, "revision": pipeline.revision, "images": run.images}
        return score(made, self.reference, self.eyes, self.metrics, source=source)

    @staticmethod
    def _lower_is_better(report: Report) -> bool:
        return lower_is_better(next(iter(report.scores)))

    def _keep(self, run: Any, report: Report) -> None:
        """Replace `best/`. A kill in between leaves the old one or none; the run goes on from its checkpoint and comes
        by here again.
        """
        new, best = run.directory.path / ".best.new", run.directory.path / BEST
        shutil.rmtree(new, ignore_errors=True)
        run.pipeline().save_pretrained(new)
        report.save(new / SCORES)
        shutil.rmtree(best, ignore_errors=True)
        new.rename(best)

    def state(self) -> dict[str, Any]:
        """The best so far."""
        return {"best": self.best}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""
        self.best = state.get("best")
