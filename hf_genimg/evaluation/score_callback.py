"""Scores while a model trains: measured as often as the recipe says, logged, and the best model kept beside the last
one.
"""

from __future__ import annotations

import shutil
import warnings
from typing import Any

from .evaluate import open_reference, score
from .extractors import default_extractor, open_extractor
from .metrics import LPIPS, PERCEPTUAL, chosen_metrics, is_paired_metric
from .paired import check_paired, pairs_of, report_of_pairs
from .perceptual import FeatureDistance, Perceptual
from .prompts import first_captions
from .scores import Report, lower_is_better
from .sources import ModelImages
from .translations import Translations, as_two_sides, number_of_inputs

SCORES, BEST = "scores.json", "best"  # of the last model, and the folder of the best pipeline with its own scores


class ScoreCallback:
    """A callback of a run: `scores.json` for the model as it is, `best/` for the one with the best value of the first
    metric.

    every: images between two measurements, and at the end; None: at the end only. metrics: names; the first decides
    which model is best. reference: the recipe's training images. num: how many images are sampled each time.
    """

    name = "scores"

    def __init__(self, every: int | None, metrics: list[str], reference: Any, extractor: str | None, num: int) -> None:
        chosen_metrics([name for name in metrics if not is_paired_metric(name)] or None)
        self.every, self.metrics, self.num = every, metrics, num
        self.best: dict[str, Any] | None = None
        self._open(reference, extractor)

    def _open(self, reference: Any, extractor: str | None) -> None:
        for name in filter(is_paired_metric, self.metrics):
            raise ValueError(
                f"metrics={name} compares outputs with their targets, and this model makes images from noise"
            )
        self.reference = open_reference(reference)
        self.extractor = open_extractor(extractor or default_extractor(reference.name, None))
        self.extractor.check(reference.image_channels)

    def __call__(self, run: Any) -> None:
        report = self._report(run)
        report.save(run.directory.path / SCORES)
        run.log(
            {**{f"scores/{name}": each.value for name, each in report.scores.items()}, **self._watched(run, report)}
        )
        name, first = next(iter(report.scores.items()))
        value = first.value
        if self.best is None or ((value < self.best["value"]) == lower_is_better(name) and value != self.best["value"]):
            self.best = {"value": value, "images": run.images}
            self._keep(run, report)

    @staticmethod
    def _watched(run: Any, report: Report) -> dict[str, float]:
        """Signs of collapse for the log; alarms are warnings at once."""
        for alarm in report.alarms:
            warnings.warn(f"at {run.images:,} images: {alarm}", UserWarning, stacklevel=4)
        if report.diagnosis is None:
            return {}
        found = report.diagnosis
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
        captions = self.reference.dataset.captions if able.text else None
        prompts = None if captions is None else first_captions(captions, self.num, 0)
        images = ModelImages(pipeline, self.num, 0, able.image_size, able.image_channels, prompts=prompts)
        self.extractor.to(run.accelerator.device)
        return score(images, self.reference, self.extractor, self.metrics, source=self._source(run, pipeline))

    @staticmethod
    def _source(run: Any, pipeline: Any) -> dict[str, Any]:
        return {"model": run.directory.path.name, "revision": pipeline.revision, "images": run.images}

    def _keep(self, run: Any, report: Report) -> None:
        """Replace `best/`. A kill in between leaves the old one or none; the run resumes from its checkpoint and comes
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


class TranslationScoreCallback(ScoreCallback):
    """The same for a translator: outputs against their targets (`psnr`, `ssim`, ...), and the features of all outputs
    against those of all targets (`fid`, `kid`, ...).

    reference: held-out data where the recipe has some, of pairs or of two sides. extractor: of features; for `lpips` a
    file with the weights of its backbone. num: how many inputs are translated each time, at most.
    """

    def _open(self, reference: Any, extractor: str | None) -> None:
        self.reference, self.num = reference, min(self.num, number_of_inputs(reference))
        self.paired = [name for name in self.metrics if is_paired_metric(name)]
        self.of_features = [name for name in self.metrics if not is_paired_metric(name)]
        if self.paired:
            check_paired(reference, f"metrics={self.paired[0]}")
        self.perceptual = self.distance = None
        if LPIPS in self.paired:
            if extractor is None or self.of_features or PERCEPTUAL in self.paired:
                raise ValueError(
                    "metrics=lpips needs extractor=FILE, the weights of its backbone, "
                    "and no metric of another network beside it"
                )
            self.perceptual = Perceptual(extractor)
        if PERCEPTUAL in self.paired:
            self.distance = FeatureDistance(extractor or default_extractor(reference.name, None))
            self.distance.check(reference.image_size, reference.image_channels)
        if self.of_features:
            self.extractor = open_extractor(extractor or default_extractor(reference.name, None))
            self.extractor.check(reference.image_channels)

    def _report(self, run: Any) -> Report:
        pipeline = run.pipeline()
        pipeline.set_progress_bar_config(disable=True)
        translations, source = Translations(pipeline, self.reference, self.num), self._source(run, pipeline)
        reports = []
        if self.paired:
            pairs = pairs_of(translations, source)
            reports.append(report_of_pairs(pairs, self.paired, self.reference.name, self.perceptual, self.distance))
        if self.of_features:
            self.extractor.to(run.accelerator.device)
            apart = Translations(pipeline, as_two_sides(self.reference), self.num)
            targets = open_reference(self.reference.targets)
            reports.append(score(apart, targets, self.extractor, self.of_features, source=source))
        return _joined(reports, self.metrics)


def _joined(reports: list[Report], names: list[str]) -> Report:
    """One report of both kinds of scores, the first that was asked for first."""
    scores = {name: score for report in reports for name, score in report.scores.items()}
    first = names[0].partition(":")[0]
    protocol = {name: value for report in reports for name, value in report.protocol.items()}
    return Report(protocol, {first: scores[first], **scores}, reports[0].source)
