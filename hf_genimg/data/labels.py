"""From the labels that data have, of any type, to class numbers and class names."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from .source import natural_order

_NAMES_IN_NOTE = 3


@dataclass(frozen=True)
class ClassNumbers:
    """Which number each label gets.

    Args:
        class_names: name of each number.
        numbers: number of each label; None where labels are numbers from 0 on already.
    """

    class_names: tuple[str, ...]
    numbers: dict[Hashable, int] | None = None

    def number(self, label: Hashable) -> int | None:
        """The class number of a label, None for one that is missing."""
        if label is None or label == "" or (isinstance(label, int) and label < 0):  # -1 is how `datasets` says none
            return None if not isinstance(label, bool) and self.numbers is None else (self.numbers or {}).get(label)
        return int(label) if self.numbers is None else self.numbers.get(label)

    def note(self, name: str) -> str:
        """The line that says so where labels are numbers, but others than their class numbers; otherwise empty."""
        if self.numbers is None or not all(
            isinstance(label, int) and not isinstance(label, bool) for label in self.numbers
        ):
            return ""
        shown = ", ".join(self.class_names[:_NAMES_IN_NOTE]) + (
            ", ..." if len(self.class_names) > _NAMES_IN_NOTE else ""
        )
        return (
            f"{name}: the {len(self.class_names)} labels that occur ({shown}) are numbered from 0 in order; "
            "their names are kept"
        )


def number_labels(labels: Iterable[Hashable]) -> ClassNumbers:
    """Number the labels that occur (None is no label): numbers and truth values in order, names as a person would sort
    them.
    """
    found = {label for label in labels if label is not None and label != ""}
    if all(isinstance(label, int) for label in found):
        if bools := {label for label in found if isinstance(label, bool)}:
            order = sorted(bools)
            return ClassNumbers(
                tuple(str(label).lower() for label in order), {label: n for n, label in enumerate(order)}
            )
        order = sorted(label for label in found if label >= 0)
        names = tuple(map(str, order))
        return ClassNumbers(
            names, None if order == list(range(len(order))) else {each: n for n, each in enumerate(order)}
        )
    order = sorted(map(str, found), key=natural_order)
    return ClassNumbers(tuple(order), {label: number for number, label in enumerate(order)})


def from_text(labels: Iterable[str]) -> list[int | str | None]:
    """Labels as a table in text holds them: all numbers where all are, otherwise names; None where there is nothing."""
    texts = [label.strip() for label in labels]
    if all(text.lstrip("-").isdecimal() and text.isascii() for text in texts if text):
        return [int(text) if text else None for text in texts]
    return [text or None for text in texts]
