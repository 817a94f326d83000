"""Scores with their confidence intervals, and reports that never hold scores without their protocol."""

from __future__ import annotations

import json
import math
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..faults import read_errors, reason

LOWER_IS_BETTER = (
    *("fid", "fid_infinity", "fid_per_class", "fid_without_prior", "kid", "kid_rbf", "mind"),
    *("membership_auc", "membership_tpr", "membership_discriminator_auc", "membership_discriminator_tpr"),
    *("perceptual_path_length", "copies", "memorization_gap", "lpips", "perceptual"),
)
NAMES = ("reference", "split", "extractor")  # texts in a protocol
OF_A_CLASS = "fid_class_"  # and the class: its own distance
Z = 1.96  # standard deviations on either side that hold 95 percent of a normal distribution


@dataclass(frozen=True)
class Score:
    """A value with its 95 percent confidence interval; low and high are None where there is none, and note says why."""

    value: float
    low: float | None = None
    high: float | None = None
    note: str | None = None

    def __str__(self) -> str:
        bounds = "" if self.low is None else f"  ({self.low:.4g} to {self.high:.4g})"
        return f"{self.value:.4g}{bounds}{f'  [{self.note}]' if self.note else ''}"


@dataclass(frozen=True)
class Report:
    """What was measured, how, and of what.

    protocol: everything that must be equal for two reports to be compared. scores: by name. source: what was scored.
    skipped: metrics that were not measured, and why. diagnosis: signs of collapse, as `collapse.Diagnosis` has them;
    None where there were too few images.
    pictures: PIL images for the report's page, by what they show; they are not part of the JSON.
    """

    protocol: dict[str, Any]
    scores: dict[str, Score]
    source: dict[str, Any]
    skipped: dict[str, str] = field(default_factory=dict)
    diagnosis: dict[str, Any] | None = None
    pictures: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def alarms(self) -> list[str]:
        """What the diagnosis warns of; nothing where all is well."""
        return list((self.diagnosis or {}).get("alarms", ()))

    def joined(self, earlier: Report) -> Report:
        """The same with the scores of an earlier report that it lacks; both are of the same protocol and source."""
        scores = {**earlier.scores, **self.scores}
        skipped = {name: why for name, why in {**earlier.skipped, **self.skipped}.items() if name not in scores}
        diagnosis = {**(earlier.diagnosis or {}), **(self.diagnosis or {})}
        if diagnosis:
            diagnosis["alarms"] = list(dict.fromkeys([*earlier.alarms, *self.alarms]))
        return replace(self, scores=scores, skipped=skipped, diagnosis=diagnosis or None)

    def save(self, path: str | Path) -> Path:
        """Write JSON, whole or not at all; `ValueError` rather than leave a number out that JSON cannot hold."""
        path = Path(path)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        saved = asdict(replace(self, pictures={}))
        del saved["pictures"]
        try:
            temporary.write_text(json.dumps(saved, indent=2, allow_nan=False) + "\n", encoding="utf-8")
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)  # of a disk that is full
        return path

    @classmethod
    def load(cls, path: str | Path) -> Report:
        """Read what `save` wrote; `ValueError` for anything else."""
        try:
            saved = json.loads(Path(path).read_text(encoding="utf-8"))
            scores = {name: _score(name, score) for name, score in saved["scores"].items()}
            protocol, source, skipped = (dict(saved[name]) for name in ("protocol", "source", "skipped"))
            diagnosis = None if saved["diagnosis"] is None else dict(saved["diagnosis"])
            if not scores or not isinstance((diagnosis or {}).get("alarms", []), list):
                raise ValueError("it lists no score, or its alarms are no list")
            for name in NAMES:
                if not isinstance(protocol.get(name), str | None):
                    raise ValueError(f"{name} of its protocol is {protocol[name]!r:.60}, which is no text")
        except read_errors() as error:
            raise _unreadable(path, reason(error)) from error
        return cls(protocol, scores, source, skipped, diagnosis)

    def table(self) -> str:
        """The scores as lines of text, what was left out, and how many images they are of."""
        width = max(map(len, [*self.scores, *self.skipped]))
        lines = [f"  {name:<{width}}  {score}" for name, score in self.scores.items()]
        lines += [f"  {name:<{width}}  not measured: {reason}" for name, reason in self.skipped.items()]
        lines += [f"  warning: {alarm}" for alarm in self.alarms]
        return "\n".join([*lines, self._counts()])

    def _counts(self) -> str:
        """How many images, pairs or trials the scores are of."""
        protocol, source = self.protocol, self.source
        reference = f"{protocol.get('reference', 'real images')}@{protocol.get('split', 'unknown')}"
        if "num_pairs" in protocol:
            return f"{_count(protocol, 'num_pairs')} pairs of {reference}"
        if "trials" in source:
            return f"{_count(source, 'trials')} trials by {_count(source, 'raters')} people, against {reference}"
        images = f"{_count(protocol, 'num_fake')} images against {_count(protocol, 'num_real')} of {reference}"
        return f"{images}, features of {protocol.get('extractor', 'an unknown extractor')}"

    def markdown(self) -> str:
        """The scores as a Markdown table, with the protocol below."""
        rows = [
            f"| {name} | {score.value:.4g} | {_bounds(score)} | {score.note or ''} |"
            for name, score in self.scores.items()
        ]
        facts = ", ".join(f"{key} {value}" for key, value in self.protocol.items() if key != "versions")
        return "\n".join(["| score | value | 95 % interval | |", "|---|---|---|---|", *rows, "", f"Protocol: {facts}."])


def _count(facts: dict[str, Any], name: str) -> str:
    """With commas; what a file holds in place of a number is no number."""
    return f"{facts[name]:,}" if type(facts.get(name)) is int else "an unknown number of"


def _unreadable(path: str | Path, reason: str) -> ValueError:
    return ValueError(f"{path} holds no scores ({reason[:200]}); give a file that hf-genimg evaluate wrote")


def _score(name: str, saved: Any) -> Score:
    """A score as `Report.save` wrote it; `ValueError` for anything else."""
    if not isinstance(saved, dict) or set(saved) - {"value", "low", "high", "note"}:
        raise ValueError(f"{name} is no score with value, low, high and note")
    missing = [key for key in ("value", "low", "high") if key not in saved]
    if missing:
        raise ValueError(f"{missing[0]} of {name} is missing")
    numbers = {key: saved[key] for key in ("value", "low", "high")}
    given = {key: number for key, number in numbers.items() if number is not None or key == "value"}
    wrong = [key for key, number in given.items() if type(number) not in (int, float) or not math.isfinite(number)]
    if wrong:
        raise ValueError(f"{wrong[0]} of {name} is {given[wrong[0]]!r}, which is no finite number")
    if len(given) == 2:
        raise ValueError(f"{name} has only one bound of its interval")
    return Score(**numbers, note=saved.get("note"))


def proportion(successes: int, count: int) -> Score:
    """`successes` of `count` with the 95 percent interval of Wilson (1927)."""
    from scipy.stats import binomtest  # here, for reading scores needs no scipy, and its import takes a while

    bounds = binomtest(successes, count).proportion_ci(0.95, method="wilson")
    return Score(successes / count, float(bounds.low), float(bounds.high))


def mean_score(values: np.ndarray) -> Score:
    """The mean of float [N], N at least 2, with the 95 percent interval of a normal distribution."""
    mean, error = float(values.mean()), Z * float(values.std(ddof=1)) / math.sqrt(len(values))
    return Score(mean, mean - error, mean + error)


def _bounds(score: Score) -> str:
    return "" if score.low is None else f"{score.low:.4g} to {score.high:.4g}"


def unlike_fields(one: Report, other: Report) -> list[str]:
    """`field=this (there: that)` for each field of the protocols that differs."""
    names = {**one.protocol, **other.protocol}
    return [
        f"{name}={one.protocol.get(name, 'absent')} (there: {other.protocol.get(name, 'absent')})"
        for name in names
        if one.protocol.get(name, "absent") != other.protocol.get(name, "absent")
    ]


def compare(one: Report, other: Report) -> list[str]:
    """A line for each score that both have: both values, and whether they differ by more than their uncertainty.

    Raises `ValueError`, naming the fields, where the protocols differ.
    """
    unlike = unlike_fields(one, other)
    if unlike:
        raise ValueError(
            f"these were measured under unlike protocols and cannot be compared: {'; '.join(unlike)}; measure both "
            "alike"
        )
    shared = [name for name in one.scores if name in other.scores]
    if not shared:
        raise ValueError("the two files have no score in common; measure both with the same --metrics")
    return [
        f"{name}: {one.scores[name]} and {other.scores[name]}: {verdict(name, one.scores[name], other.scores[name])}"
        for name in shared
    ]


def lower_is_better(name: str) -> bool:
    """Of two values of a score, whether the lower is the better."""
    return name in LOWER_IS_BETTER or name.startswith(OF_A_CLASS)


def verdict(name: str, one: Score, other: Score) -> str:
    """Which is better, or that the difference may be chance: it is compared with both half intervals, added as
    independent errors.
    """
    found, difference = outcome(name, one, other), other.value - one.value
    if found == "unknown":
        return f"differ by {difference:+.4g}, of unknown uncertainty"
    uncertainty = _uncertainty(one, other)
    if found == "alike":
        return f"no difference beyond the uncertainty of {uncertainty:.4g}"
    return f"the {found} is better, by {abs(difference):.4g} with an uncertainty of {uncertainty:.4g}"


def outcome(name: str, one: Score, other: Score) -> str:
    """`first` or `second`, whichever is better; `alike` where the difference may be chance, `unknown` where there is no
    interval.
    """
    if None in (one.low, other.low):
        return "unknown"
    difference = other.value - one.value
    if abs(difference) <= _uncertainty(one, other):
        return "alike"
    return "second" if (difference < 0) == lower_is_better(name) else "first"


def _uncertainty(one: Score, other: Score) -> float:
    return math.hypot(one.high - one.low, other.high - other.low) / 2
