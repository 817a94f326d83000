"""What a visitor asks the Generate tab for, and how an address holds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from ..pipelines.sampling import LARGEST_TRUNCATION
from .models import MOST_IMAGES, Shared

MOST_CODES = 100
MOST_LAYERS = 100  # in which styles are mixed
MOST_LETTERS = 500  # of a prompt
MOST_LIKE = 16  # times that one may ask for more like an image of those
NEIGHBOURS = 10_000_000  # seeds from an image to those that images like it go towards: none of them is shown beside it
LARGEST_SEED = 2**53 - 2**28  # what a browser can count to, with room for the images of a call and their neighbours
STRENGTH = 0.35

Like = tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Settings:
    """What a visitor asks for: image i is that of `seed` + i, moved by `mix` (0 to 1) towards that of `towards` + i.

    `like` holds pairs (number, strength): images like number `number` of those instead, itself first, which go from it
    towards seeds of their own by `strength`, from 0 (the same) to 1 (others altogether); then, for the next pair,
    images like one of these, and so on. The class of each, `label` or its own, is mixed with `other_label` by
    `label_mix` (0 to 1). `codes`, from -1 to 1 each, are those of all images; codes after them are each image's own.
    From the layer `mix_from` on, all images take their styles from the seed `mix_seed`.
    """

    seed: int = 0
    count: int = 16
    truncation: float = 1.0
    towards: int = 1000
    mix: float = 0.0
    label: int | None = None
    like: Like = ()
    other_label: int | None = None
    label_mix: float = 0.0
    codes: tuple[float, ...] = ()
    prompt: str = ""
    mix_seed: int | None = None
    mix_from: int | None = None

    @property
    def origin(self) -> int:
        """The seed that images like another began at."""
        return self.seed + self.like[0][0] if self.like else self.seed

    @property
    def query(self) -> str:
        """The part of an address that brings these settings back."""
        return urlencode(self._changed(), safe=":,")

    def link(self, model: str) -> str:
        """As `query`, with the model's name in front."""
        return urlencode({"model": model, **self._changed()}, safe=":,/")

    def _changed(self) -> dict[str, Any]:
        plain = asdict(Settings())
        changed = {name: value for name, value in asdict(self).items() if name == "seed" or value != plain[name]}
        written = {"like": text_of_like(self.like), "codes": ",".join(f"{code:g}" for code in self.codes)}
        return {name: written.get(name, value) for name, value in changed.items()}

    @classmethod
    def of_address(cls, query: str) -> Settings:
        """As `of_query`, of the text that `query` is."""
        return cls.of_query(dict(parse_qsl(query)))

    @classmethod
    def of_query(cls, query: Mapping[str, str]) -> Settings:
        """What an address asks for; what is missing or makes no sense is left as it is by default."""
        return replace(cls(), **dict(_read(query)))


LIMITS: dict[str, tuple[type, float, float]] = {
    "seed": (int, 0, LARGEST_SEED),
    "count": (int, 1, MOST_IMAGES),
    "truncation": (float, 0, LARGEST_TRUNCATION),
    "towards": (int, 0, LARGEST_SEED),
    "mix": (float, 0, 1),
    "label": (int, 0, 10_000),
    "other_label": (int, 0, 10_000),
    "label_mix": (float, 0, 1),
    "mix_seed": (int, 0, LARGEST_SEED),
    "mix_from": (int, 1, MOST_LAYERS - 1),
}
LABELS = ("label", "other_label")
OPTIONAL = (*LABELS, "mix_seed", "mix_from")
LIKE_LIMITS: dict[str, tuple[type, float, float]] = {"number": (int, 0, MOST_IMAGES - 1), "strength": (float, 0, 1)}


def text_of_like(like: Like) -> str:
    """Pairs as text: `2:0.35,5:0.2`."""
    return ",".join(f"{number}:{strength:g}" for number, strength in like)


def like_of_text(text: str, strength: float = STRENGTH) -> Like:
    """The pairs in `2:0.35,5:0.2`; `strength` where one is left out. `ValueError` for anything else."""
    pairs = [pair.partition(":") for pair in str(text or "").split(",") if pair.strip()]
    try:
        like = tuple((int(number), float(own) if colon else strength) for number, colon, own in pairs)
    except ValueError:
        raise ValueError(
            f"like={text!r:.60} is not possible; give numbers of images with strengths, such as 2:0.35,5:0.2"
        ) from None
    _check_like(like)
    return like


def _read(query: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for name, (kind, low, high) in LIMITS.items():
        with suppress(KeyError, ValueError):
            value = kind(query[name])
            if low <= value <= high:
                yield name, value
    with suppress(KeyError, ValueError):
        yield "like", like_of_text(query["like"], float(query.get("strength", STRENGTH)))
    if 0 < len(query.get("prompt", "")) <= MOST_LETTERS:
        yield "prompt", query["prompt"]
    with suppress(KeyError, ValueError):
        codes = tuple(float(code) for code in query["codes"].split(","))
        if len(codes) <= MOST_CODES and all(-1 <= code <= 1 for code in codes):
            yield "codes", codes


def check(model: Shared, settings: Settings) -> None:
    """Raise `ValueError` for what this model cannot do or this page does not."""
    if not model.generates:
        raise ValueError(f"{model.name} makes no images from noise; choose another model")
    for name, limits in LIMITS.items():
        value = getattr(settings, name)
        if value is not None or name not in OPTIONAL:
            _check_number(name, value, *limits)
    if settings.count > model.most_images:
        raise ValueError(
            f"count={settings.count} is more than {model.most_images}, the most of one request; ask for fewer"
        )
    _check_like(settings.like)
    _check_latents(model, settings)
    _check_conditions(model, settings)
    _check_mixing(model, settings)


def _check_number(name: str, value: Any, kind: type, low: float, high: float) -> None:
    kinds = "an integer" if kind is int else "a number"
    if value is None:
        raise ValueError(f"{name} is empty; give {kinds} from {low} to {high}")
    if isinstance(value, bool) or not isinstance(value, kind | int) or not low <= value <= high:
        raise ValueError(f"{name}={value!r:.40} is not possible; give {kinds} from {low} to {high}")


def _check_like(like: Like) -> None:
    if len(like) > MOST_LIKE:
        raise ValueError(f"like={text_of_like(like)[:60]!r} has more than {MOST_LIKE} pairs; generate anew")
    for pair in like:
        for (name, limits), value in zip(LIKE_LIMITS.items(), pair, strict=True):
            _check_number(name, value, *limits)


def _check_latents(model: Shared, settings: Settings) -> None:
    able = model.capabilities
    for name, value in (("mix", settings.mix), ("like", settings.like)):
        if value and not able.interpolation:
            raise ValueError(f"{name} is not possible with {model.name}: between its latents there is nothing")
    if settings.truncation != 1 and not able.truncation:
        raise ValueError(f"truncation is not possible with {model.name}; leave it at 1")


def _check_mixing(model: Shared, settings: Settings) -> None:
    layers = model.capabilities.mixing_layers
    if settings.mix_seed is None and settings.mix_from is None:
        return
    if not layers:
        raise ValueError(f"{model.name} mixes no styles; leave mix_seed and mix_from out")
    if settings.mix_seed is None:
        raise ValueError("mix_from says from which layer on, and mix_seed whose styles; give mix_seed as well")
    if settings.mix_from is not None and settings.mix_from >= layers:
        raise ValueError(f"mix_from={settings.mix_from} is not possible; give an integer from 1 to {layers - 1}")


def _check_conditions(model: Shared, settings: Settings) -> None:
    able = model.capabilities
    if able.text and not settings.prompt.strip():
        raise ValueError("there is no prompt yet; say in a few words what to make")
    if settings.prompt and not able.text:
        raise ValueError(f"{model.name} takes no prompt; leave it out")
    if len(settings.prompt) > MOST_LETTERS:
        raise ValueError(f"prompt has {len(settings.prompt)} letters; give at most {MOST_LETTERS}")
    for name in LABELS:
        label = getattr(settings, name)
        if label is not None and label >= able.num_classes:
            raise ValueError(f"{name}={label} is no class of {model.name}, which has {able.num_classes}; leave it out")
    if settings.other_label is not None and not able.soft_labels:
        raise ValueError(f"{model.name} mixes no classes; leave other_label out")
    numbers = [
        code
        for code in settings.codes
        if not isinstance(code, bool) and isinstance(code, int | float) and -1 <= code <= 1
    ]
    if len(settings.codes) > able.codes or len(numbers) < len(settings.codes):
        allowed = (
            f"give at most {able.codes} numbers from -1 to 1"
            if able.codes
            else f"{model.name} has none; leave them out"
        )
        raise ValueError(f"codes={list(settings.codes)!r:.60} is not possible; {allowed}")


def label_of(model: Shared, label: int | str | None, name: str = "label") -> int | None:
    """The class that a visitor means: by its name, else by its number; None for -1 and for nothing.

    Raises:
        ValueError: this model has no class of that name.
    """
    if label is None or label == "" or label == -1 or label == "-":
        return None
    if isinstance(label, str):
        names = model.class_names
        if label in names:
            return names.index(label)
        if not label.isdecimal():
            few = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
            raise ValueError(f"{name}={label!r:.40} is no class of {model.name}; choose one of {few or 'none'}")
        return int(label)
    return label
