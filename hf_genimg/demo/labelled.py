"""Named directions from labels: of a classifier that is at hand, or of the data that an autoencoder learned from."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from ..evaluation.latent_directions import TooFew, direction_from_classifier, direction_from_data
from ..features.classifier import shipped_classifiers
from ..pipelines.loading import load
from ..pipelines.named_directions import LONGEST_NAME, NamedDirection
from .about import data_of
from .closer import classes_of, data_of_model
from .models import Shared, Shelf

FEWEST, MOST, PIXELS = 300, 2000, 2**22  # images that are classified or encoded, and pixels of all of them


@dataclass(frozen=True)
class Labels:
    """What gives images classes.

    name: of a classifier, or of the data. kind: `data` or `classifier`. class_names: in their order. find: the
    direction towards one class from another, or from all others (None).
    """

    name: str
    kind: str
    class_names: list[str]
    find: Callable[[str, str | None], NamedDirection]


def labels_of(shelf: Shelf, model: Shared) -> dict[str, Labels]:
    """What can label the images of a model, by a key: its data where it is an autoencoder and they have labels, the
    classifiers of the page for images of as many channels, and the one of the package that knows its data.

    None for a conditional model: its latents do not decide on the class.
    """
    if not model.has_directions or model.capabilities.num_classes:
        return {}
    found = [_data(model)] if model.capabilities.encode and len(classes_of(model)) > 1 else []
    found += [_classifier(model, each) for each in shelf.models if _reads(each, model)]
    name = (data_of(model) or "").partition("@")[0]
    if name in shipped_classifiers():
        reader = model.know(f"reader {name}", lambda: Shared(name, load(shipped_classifiers()[name]), None))
        found += [_classifier(model, reader)] if _reads(reader, model) else []
    return {f"{each.kind} {each.name}": each for each in found}


def find(shelf: Shelf, model: Shared, key: str | None, label: str | None, against: str | None) -> NamedDirection:
    """The direction towards the images of a class, by the boundary between it and another, or all others (empty).

    Raises `ValueError` where no class is chosen, both are one, or too few images are of one of them.
    """
    labels = labels_of(shelf, model).get(key or "")
    if labels is None:
        raise ValueError(f"nothing here labels the images of {model.name}; use two piles of images instead")
    if not label:
        raise ValueError("there is no class yet; choose the one that the direction leads to")
    if label == against:
        raise ValueError(f"the direction leads from {label} to {label}; choose two classes")
    return labels.find(label, against or None)


def name_of(model: Shared, label: str, against: str | None) -> str:
    """A name for such a direction, which the model has not yet; empty where none comes to mind."""
    name = f"{against} to {label}" if against else label
    fits = len(name) <= LONGEST_NAME and "=" not in name and name.isprintable() and not name.startswith("__")
    return name if fits and name not in model.pipe.directions else ""


def _samples(model: Shared) -> int:
    return max(FEWEST, min(MOST, PIXELS // model.capabilities.image_size**2))


def _reads(classifier: Shared, model: Shared) -> bool:
    able = classifier.capabilities
    return able.task == "classification" and able.image_channels == model.capabilities.image_channels


def _classifier(model: Shared, reader: Shared) -> Labels:
    def found(label: str, against: str | None) -> NamedDirection:
        names = reader.class_names
        classes = [None if each is None else names.index(each) for each in (label, against)]
        with ExitStack() as held:
            for each in sorted((model, reader), key=lambda each: each.name):
                held.enter_context(each.lock)
            try:
                return direction_from_classifier(model.pipe, reader.pipe, *classes, samples=_samples(model))
            except TooFew:
                raise _too_few(label, against) from None

    return Labels(reader.name, "classifier", reader.class_names, found)


def _data(model: Shared) -> Labels:
    data: Any = data_of_model(model)

    def found(label: str, against: str | None) -> NamedDirection:
        with model.lock:
            try:
                given = {"samples": _samples(model), "note": str(data_of(model))}
                return direction_from_data(model.pipe, data.dataset, label, against, **given)
            except TooFew:
                raise _too_few(label, against) from None

    return Labels(str(data_of(model)).rpartition("/")[2][:60], "data", classes_of(model), found)


def _too_few(label: str, against: str | None) -> ValueError:
    """Without options of the command line."""
    return ValueError(f"too few images are of {label}{f' or of {against}' if against else ''}; choose another class")
