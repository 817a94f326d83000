"""What the Generate and Compare tabs do: plain functions of a model and a visitor's settings, without gradio.

Images are made in parts, with the model free between them, so that nobody waits for somebody else's large request and a
request that is given up ends after the part at hand.
"""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import torch
from PIL import Image

from ..pipelines.drawing import LARGEST_TRUNCATION, NEW_SEEDS, Drawn, draw_seeds, note_of
from ..pipelines.interpolation import slerp
from ..pipelines.provenance import KEY, XMP, save_png, text_entries
from .models import MOST_IMAGES, Shared

PART_PIXELS = 2**20  # that are made between two looks at whether anybody still wants them
LARGEST_SEED = 2**53 - 2**24  # what a browser can count to, with room for the images of a call and their neighbours
NEIGHBOURS = 10_000_000  # images like another are drawn towards seeds this far from its own, so not towards the pictures next to it


@dataclass(frozen=True)
class Settings:
    """What a visitor asks for: image i is that of `seed` + i, moved by `mix` (0 to 1) towards that of `towards` + i.

    Where `like` is given, it is images like number `like` of those instead, itself first, which go from it towards
    seeds of their own by `strength`, from 0 (the same) to 1 (others altogether). The class of each, `label` or its own,
    is mixed with `other_label` by `label_mix` (0 to 1). `codes`, from -1 to 1 each, are those of all images; codes
    after them are each image's own.
    """

    seed: int = 0
    count: int = 16
    truncation: float = 1.0
    towards: int = 1000
    mix: float = 0.0
    label: int | None = None
    like: int | None = None
    strength: float = 0.35
    other_label: int | None = None
    label_mix: float = 0.0
    codes: tuple[float, ...] = ()

    @property
    def query(self) -> str:
        """The part of an address that brings these settings back."""
        plain = asdict(Settings())
        changed = {name: value for name, value in asdict(self).items() if name == "seed" or value != plain[name]}
        return urlencode(
            {
                name: ",".join(f"{code:g}" for code in value) if name == "codes" else value
                for name, value in changed.items()
            }
        )

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
    "like": (int, 0, MOST_IMAGES - 1),
    "strength": (float, 0, 1),
    "other_label": (int, 0, 10_000),
    "label_mix": (float, 0, 1),
}
MOST_CODES = 100


def _read(query: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for name, (kind, low, high) in LIMITS.items():
        with suppress(KeyError, ValueError):
            value = kind(query[name])
            if low <= value <= high:
                yield name, value
    with suppress(KeyError, ValueError):
        codes = tuple(float(code) for code in query["codes"].split(","))
        if len(codes) <= MOST_CODES and all(-1 <= code <= 1 for code in codes):
            yield "codes", codes


def check(model: Shared, settings: Settings) -> None:
    """Raise `ValueError` for what this model cannot do or this page does not."""
    if not model.generates:
        raise ValueError(f"{model.name} makes no images from noise; choose another model")
    for name, (kind, low, high) in LIMITS.items():
        value = getattr(settings, name)
        if value is not None and (
            isinstance(value, bool) or not isinstance(value, kind | int) or not low <= value <= high
        ):
            kinds = "an integer" if kind is int else "a number"
            raise ValueError(f"{name}={value!r:.40} is not possible; give {kinds} from {low} to {high}")
    if settings.count > model.most_images:
        raise ValueError(
            f"count={settings.count} is more than {model.most_images}, the most of one request; ask for fewer"
        )
    _check_conditions(model, settings)


def _check_conditions(model: Shared, settings: Settings) -> None:
    able = model.capabilities
    for name in ("label", "other_label"):
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


def generate(model: Shared, settings: Settings) -> Iterator[list[Image.Image]]:
    """The images so far, again and again until all are there. Each carries its provenance in `info`.

    Raises:
        ValueError: as `check` says, before any work.
    """
    check(model, settings)
    images: list[Image.Image] = []
    size = max(1, PART_PIXELS // model.capabilities.image_size**2)
    for start in range(0, settings.count, size):
        with model.lock:
            images += _make(model, settings, range(start, min(start + size, settings.count)))
        yield list(images)


def _make(model: Shared, settings: Settings, numbers: range) -> list[Image.Image]:
    if settings.like is None and not settings.mix and not settings.codes and settings.other_label is None:
        first = settings.seed + numbers.start
        return complete(
            model.pipe(len(numbers), class_labels=settings.label, seed=first, truncation=settings.truncation).images
        )
    if settings.like is None:
        latents, labels = _mixed(
            model, settings, [settings.seed + i for i in numbers], [settings.towards + i for i in numbers]
        )
        morphed = [{"towards": settings.towards + i, "mix": settings.mix} if settings.mix else {} for i in numbers]
        made = [{"seed": settings.seed + i, **own} for i, own in zip(numbers, morphed, strict=True)]
    else:
        seed = settings.seed + settings.like
        latents, labels = _mixed(model, settings, [seed], [settings.towards + settings.like])
        others = [seed + NEIGHBOURS + i for i in numbers]
        strengths = torch.tensor([settings.strength if i else 0.0 for i in numbers])  # the first is the image itself
        latents, labels = (
            slerp(latents, _drawn(model, others, None).latents, strengths),
            _repeated(labels, len(numbers)),
        )
        made = [{"like": seed, "towards": other, "strength": settings.strength} for other in others]
    latents = _coded(settings.truncation * latents, settings.codes)
    labels = _blended(labels, settings, model.capabilities.num_classes)
    images = model.pipe(latents=latents, class_labels=labels).images
    same = {"truncation": settings.truncation, **({"codes": list(settings.codes)} if settings.codes else {})}
    classes = [{}] * len(made) if labels is None else [{"class_label": label} for label in note_of(labels)]
    return sign(model, images, [{**each, **own, **same} for each, own in zip(made, classes, strict=True)])


def _coded(latents: torch.Tensor, codes: tuple[float, ...]) -> torch.Tensor:
    """With these codes in front, which truncation does not shrink."""
    return (
        torch.cat([torch.tensor([codes] * len(latents)).to(latents), latents[:, len(codes) :]], 1) if codes else latents
    )


def _blended(labels: torch.Tensor | None, settings: Settings, classes: int) -> torch.Tensor | None:
    if labels is None or settings.other_label is None:
        return labels
    own, other = (
        torch.nn.functional.one_hot(each, classes).float() for each in (labels, torch.tensor([settings.other_label]))
    )
    return (1 - settings.label_mix) * own + settings.label_mix * other


def _mixed(
    model: Shared, settings: Settings, seeds: list[int], towards: list[int]
) -> tuple[torch.Tensor, torch.Tensor | None]:
    start = _drawn(model, seeds, settings.label)
    return slerp(start.latents, _drawn(model, towards, settings.label).latents, settings.mix), start.class_labels


def _drawn(model: Shared, seeds: list[int], label: int | None) -> Drawn:
    twice = seeds if len(seeds) > 1 else seeds * 2  # a walk has two ends
    drawn = draw_seeds(model.pipe.network, model.capabilities.num_classes, twice, label)
    labels = drawn.class_labels
    return Drawn(drawn.latents[: len(seeds)], None if labels is None else labels[: len(seeds)], seeds)


def _repeated(labels: torch.Tensor | None, count: int) -> torch.Tensor | None:
    return None if labels is None else labels.repeat(count)


def sign(model: Shared, images: list[Image.Image], settings: list[dict[str, Any]]) -> list[Image.Image]:
    """Put into each image how it was made."""
    shared = model.pipe.provenance()
    for image, own in zip(images, settings, strict=True):
        image.info.update(text_entries({**shared, **own}))
    return complete(images)


def complete(images: list[Image.Image]) -> list[Image.Image]:
    """With the note for search engines, which `save_png` would add, for pictures that somebody else writes."""
    for image in images:
        image.info["XML:com.adobe.xmp"] = XMP
    return images


def save_one(images: list[Image.Image], number: int | None, folder: Path) -> Path:
    """Write one image, the first where none is chosen, as a PNG with its provenance. Returns where."""
    number = 0 if number is None or not 0 <= number < len(images) else number
    if not images:
        raise ValueError("there is no image yet; generate some first")
    return save_png(images[number], folder / f"{_file_name(images[number])}.png", overwrite=True)


def save_all(images: list[Image.Image], folder: Path) -> Path:
    """Write all images as PNGs with their provenance into one ZIP. Returns where."""
    if not images:
        raise ValueError("there is no image yet; generate some first")
    target = folder / "images.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for number, image in enumerate(images):
            written = save_png(image, folder / ".one.png", overwrite=True)
            archive.write(written, f"{number:03d}-{_file_name(image)}.png")
            written.unlink()
    return target


def _file_name(image: Image.Image) -> str:
    made = json.loads(image.info.get(KEY, "{}"))
    model = "".join(
        letter if letter.isalnum() or letter in "-_." else "-" for letter in str(made.get("model", "image"))
    )
    return f"{model}-seed-{made['seed']}" if "seed" in made else f"{model}-{made.get('like', 'image')}"


def new_seed() -> int:
    """One that nobody chose."""
    return random.SystemRandom().randrange(NEW_SEEDS)
