"""Can people tell a model's images from real ones? Trials with two alternatives, kept in a file.

A trial shows one fake and one real image side by side, and the rater chooses the real one; guessing reaches 0.5.
A file of JSON lines holds what the test is of (its first line), each trial when it is shown and each answer, and is
only ever appended to, by any number of threads and processes at once. A trial counts once: a rater who reloads the page
or opens a second tab sees the trial that is still open, and a second answer to a trial changes nothing.
"""

from __future__ import annotations

import json
import os
import random
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock

from ..faults import one_line
from .scores import Report, Score, proportion

SIDES = ("left", "right")
FORMAT = 1  # of the file
QUESTION = "a fake and a real image side by side; which is real?"


@dataclass(frozen=True)
class Trial:
    """What a rater is shown. id: a secret, good for one answer. fake: the seed of an image of the model. real: a row of
    the real images.
    real_side: `left` or `right`, which is for whoever draws the page and not for whoever looks at it."""

    id: str
    rater: str
    fake: int
    real: int
    real_side: str


@dataclass(frozen=True)
class Outcome:
    """right: whether the answer that counts was right. counted: False where the trial had been answered before; then
    the earlier answer counts.
    """

    right: bool
    counted: bool


@dataclass(frozen=True)
class Results:
    """How often raters were right, with Wilson intervals; None and nothing before the first answer.

    The intervals take trials as independent, which those of one rater are only roughly. fakes: by seed, how often this
    fake was recognized as fake. reals: by row, how often this real image was recognized as real. raters: by name, as
    `accuracy`.
    """

    trials: int
    accuracy: Score | None
    fakes: dict[int, Score] = field(default_factory=dict)
    reals: dict[int, Score] = field(default_factory=dict)
    raters: dict[str, Score] = field(default_factory=dict)


class HumanTest:
    """A test that goes on where its file ends.

    Args:
        path: the file of JSON lines; made where it is absent.
        fakes: seeds of the images of the model that may be shown.
        reals: how many real images there are; rows 0 to reals - 1 may be shown.
        about: what the test is of, as JSON holds it: model, revision, reference, split, ...

    Raises:
        ValueError: there is nothing to show, or the file is of another test, or of none.
    """

    def __init__(self, path: str | Path, fakes: range, reals: int, about: dict[str, Any] | None = None) -> None:
        if not len(fakes) or reals < 1:
            raise ValueError(f"{len(fakes)} fakes and {reals} real images make no trial; give at least one of each")
        self.path, self.fakes, self.reals = Path(path), fakes, reals
        self.about = json.loads(
            json.dumps({"fakes": [fakes.start, fakes.stop, fakes.step], "reals": reals, **(about or {})})
        )
        self.trials: dict[str, Trial] = {}
        self.answers: dict[str, bool] = {}  # trial: whether it was answered rightly
        self._sent: set[tuple[str, str]] = set()  # (trial, where it was sent)
        self._open: dict[str, str] = {}  # rater: the trial that waits for an answer
        self._shown: Counter[tuple[str, str, int]] = (
            Counter()
        )  # (rater, kind, image), and ("", kind, image) for all raters
        self._read_until = 0
        self._random = random.Random(secrets.randbits(64))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._current():
            pass  # makes the file, or takes up what it holds

    def trial(self, rater: str) -> Trial:
        """The trial that is open for this rater, else a new one, of images that the rater has seen least.

        rater: a name that stays the same over reloads, of at most 100 characters.
        """
        if not rater or len(rater) > 100:
            raise ValueError(f"rater={rater[:20]!r} must have 1 to 100 characters")
        with self._current():
            if rater in self._open:
                return self.trials[self._open[rater]]
            fake, real = self._rarest(rater, "fake", self.fakes), self._rarest(rater, "real", range(self.reals))
            self._append(
                {
                    "trial": secrets.token_hex(8),
                    "rater": rater,
                    "fake": fake,
                    "real": real,
                    "side": self._random.choice(SIDES),
                }
            )
            self._take_up()
            return self.trials[self._open[rater]]

    def answer(self, trial: str, side: str) -> Outcome:
        """Record the answer that the image on this side, `left` or `right`, is the real one.

        Raises `ValueError` for a trial that was never shown and for a side that is none.
        """
        if side not in SIDES:
            raise ValueError(f"side={side!r} is not known; use left or right")
        with self._current():
            if trial not in self.trials:
                raise ValueError(f"there is no trial {str(trial)[:20]!r} in {self.path}; ask for a new one")
            counted = trial not in self.answers
            if counted:
                self._append({"answer": trial, "side": side})
                self._take_up()
            return Outcome(self.answers[trial], counted)

    def unsent(self, rater: str, to: str) -> list[dict[str, Any]]:
        """This rater's answers that were not sent to `to`, oldest first, each with the facts of the test."""
        with self._current():
            mine = [
                self.trials[name]
                for name in self.answers
                if self.trials[name].rater == rater and (name, to) not in self._sent
            ]
            about = {name: value for name, value in self.about.items() if name not in ("fakes", "reals")}
            return [{**about, **self._record_of(trial)} for trial in mine]

    def mark_sent(self, trials: list[str], to: str) -> None:
        """Record that these answers were sent to `to`."""
        with self._current():
            self._append({"sent": trials, "to": to})
            self._take_up()

    def _record_of(self, trial: Trial) -> dict[str, Any]:
        right = self.answers[trial.id]
        chosen = trial.real_side if right else next(side for side in SIDES if side != trial.real_side)
        return {
            "trial": trial.id,
            "fake": trial.fake,
            "real": trial.real,
            "real_side": trial.real_side,
            "chosen_side": chosen,
            "right": right,
        }

    def results(self) -> Results:
        """Of all answers in the file so far."""
        with self._current():
            answers = [(self.trials[name], right) for name, right in self.answers.items()]
        if not answers:
            return Results(0, None)
        columns = {
            name: _shares([(getattr(trial, name), right) for trial, right in answers])
            for name in ("fake", "real", "rater")
        }
        (accuracy,) = _shares([("all", right) for _, right in answers]).values()
        return Results(len(answers), accuracy, columns["fake"], columns["real"], columns["rater"])

    def report(self) -> Report:
        """The results as scores with their protocol; `ValueError` before the first answer."""
        found = self.results()
        if found.accuracy is None:
            raise ValueError(f"{self.path} holds no answer yet; let somebody rate first")
        about = {name: value for name, value in self.about.items() if name not in ("fakes", "model", "revision")}
        protocol = {"human": QUESTION, "num_fake": len(self.fakes), "num_real": about.pop("reals"), **about}
        source = {name: self.about[name] for name in ("model", "revision") if name in self.about}
        counts = {"trials": found.trials, "raters": len(found.raters)}
        return Report(protocol, {"human_accuracy": found.accuracy}, {**source, **counts})

    def _rarest(self, rater: str, kind: str, images: Any) -> int:
        """One of the images that this rater, and then all raters, have seen least often."""
        return min(
            images,
            key=lambda image: (self._shown[rater, kind, image], self._shown["", kind, image], self._random.random()),
        )

    @contextmanager
    def _current(self) -> Iterator[None]:
        """Alone with the file, with everything taken up that it holds."""
        with FileLock(self.path.with_name(f".{self.path.name}.lock")):
            if not self.path.exists() or self.path.stat().st_size == 0:
                self._append({"human_test": FORMAT, "about": self.about})
            self._take_up()
            if not self._read_until:
                raise ValueError(f"{self.path} holds no human test; name another file")
            yield

    def _append(self, record: dict[str, Any]) -> None:
        """One line, begun anew where a writer that was killed left half a one."""
        with open(self.path, "ab+") as file:
            if file.tell() and file.seek(-1, os.SEEK_END) and file.read() != b"\n":
                file.write(b"\n")
            file.write(json.dumps(record).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _take_up(self) -> None:
        """Read the lines that were added since the last time."""
        with open(self.path, "rb") as file:
            file.seek(self._read_until)
            for line in file:
                if not line.endswith(b"\n"):
                    break  # half a line, which the next writer closes
                if self._read_until == 0:
                    self._check(_record(line))
                else:
                    with one_line(f"{self.path} is damaged at {line[:60].decode(errors='replace')!r}"):
                        self._take(_record(line))
                self._read_until += len(line)

    def _take(self, record: dict[str, Any]) -> None:
        if "trial" in record:
            trial = Trial(record["trial"], record["rater"], record["fake"], record["real"], record["side"])
            if trial.fake not in self.fakes or trial.real not in range(self.reals) or trial.real_side not in SIDES:
                raise ValueError("it names images that the test does not have")
            self.trials[trial.id], self._open[trial.rater] = trial, trial.id
            for kind, image in (("fake", trial.fake), ("real", trial.real)):
                self._shown.update([(trial.rater, kind, image), ("", kind, image)])
        elif "sent" in record:
            self._sent.update((name, record["to"]) for name in record["sent"])
        elif record.get("answer") in self.trials and record["answer"] not in self.answers:
            trial = self.trials[record["answer"]]
            self.answers[trial.id] = record["side"] == trial.real_side
            if self._open.get(trial.rater) == trial.id:
                del self._open[trial.rater]

    def _check(self, head: dict[str, Any]) -> None:
        there = head.get("about")
        if head.get("human_test") != FORMAT or not isinstance(there, dict):
            raise ValueError(f"{self.path} holds no human test of this version; name another file")
        unlike = [
            name for name in {**there, **self.about} if there.get(name, "absent") != self.about.get(name, "absent")
        ]
        if unlike:
            shown = "; ".join(
                f"{name}={_short(self.about.get(name, 'absent'))} (there: {_short(there.get(name, 'absent'))})"
                for name in unlike
            )
            raise ValueError(f"{self.path} is of another test, with {shown}; name another file")


def _record(line: bytes) -> dict[str, Any]:
    """What a line holds; nothing where it is what a killed writer left."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _shares(answers: list[tuple[Any, bool]]) -> dict[Any, Score]:
    """Of each key how often its answers are right."""
    counts, right = Counter(key for key, _ in answers), Counter(key for key, is_right in answers if is_right)
    return {key: proportion(right[key], count) for key, count in counts.items()}


def _short(value: Any) -> str:
    return text if len(text := str(value)) <= 40 else f"{text[:37]}..."
