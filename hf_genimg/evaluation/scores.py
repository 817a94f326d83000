"""Scores that never travel without their protocol."""

from __future__ import annotations

import json
import math
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

LOWER_IS_BETTER = (
    "fid",
    "kid",
    "fid_infinity",
    "fid_per_class",
    "perceptual_path_length",
    "copies",
    "memorisation_gap",
    "lpips",
)
OF_A_CLASS = "fid_class_"  # and the class: its own distance


@dataclass(frozen=True)
class Score:
    """A number with the bounds between which it lies with 95 percent confidence; None where no such bounds can be
    given, and why.
    """

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
    skipped: metrics that were not measured, and why. diagnosis: signs of collapse, as `doctor.Diagnosis` has them; None
    where there were too few images.
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

    def save(self, path: str | Path) -> Path:
        """Write JSON, whole or not at all; `ValueError` rather than leave a number out that JSON cannot hold."""
        path = Path(path)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        saved = asdict(replace(self, pictures={}))
        del saved["pictures"]
        temporary.write_text(json.dumps(saved, indent=2, allow_nan=False) + "\n", encoding="utf-8")
        os.replace(temporary, path)
        return path

    @classmethod
    def load(cls, path: str | Path) -> Report:
        """Read what `save` wrote; `ValueError` for anything else."""
        try:
            saved = json.loads(Path(path).read_text(encoding="utf-8"))
            scores = {name: Score(**score) for name, score in saved["scores"].items()}
            return cls(
                dict(saved["protocol"]), scores, dict(saved["source"]), dict(saved["skipped"]), saved["diagnosis"]
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"{path} holds no scores ({type(error).__name__}: {error}); give a file that hf-genimg evaluate wrote"
            ) from error

    def table(self) -> str:
        """The scores as lines of text, what was left out, and how many images they are of."""
        width = max(map(len, [*self.scores, *self.skipped]))
        lines = [f"  {name:<{width}}  {score}" for name, score in self.scores.items()]
        lines += [f"  {name:<{width}}  not measured: {reason}" for name, reason in self.skipped.items()]
        lines += [f"  warning: {alarm}" for alarm in self.alarms]
        seen = self.protocol
        reference = f"{seen.get('reference', 'real images')}@{seen.get('split', 'unknown')}"
        if "num_pairs" in seen:
            return "\n".join([*lines, f"{seen['num_pairs']:,} pairs of {reference}"])
        if "trials" in self.source:
            return "\n".join(
                [*lines, f"{self.source['trials']:,} trials by {self.source['raters']:,} people, against {reference}"]
            )
        lines.append(
            f"{seen['num_fake']:,} images against {seen['num_real']:,} of {reference}, seen by {seen['extractor']}"
        )
        return "\n".join(lines)

    def markdown(self) -> str:
        """The scores as a Markdown table, with the protocol below."""
        rows = [
            f"| {name} | {score.value:.4g} | {_bounds(score)} | {score.note or ''} |"
            for name, score in self.scores.items()
        ]
        facts = ", ".join(f"{key} {value}" for key, value in self.protocol.items() if key != "versions")
        return "\n".join(["| score | value | 95 % interval | |", "|---|---|---|---|", *rows, "", f"Protocol: {facts}."])


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
            f"these were measured under unlike protocols and cannot be compared: {'; '.join(unlike)}; measure both alike"
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
    if None in (one.low, other.low):
        return f"differ by {other.value - one.value:+.4g}, of unknown uncertainty"
    uncertainty = math.hypot(one.high - one.low, other.high - other.low) / 2
    difference = other.value - one.value
    if abs(difference) <= uncertainty:
        return f"no difference beyond the uncertainty of {uncertainty:.4g}"
    better = "second" if (difference < 0) == lower_is_better(name) else "first"
    return f"the {better} is better, by {abs(difference):.4g} with an uncertainty of {uncertainty:.4g}"
