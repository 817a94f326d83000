"""What the Generate and Compare tabs do: plain functions of a model and a visitor's settings, without gradio.

Images are made in parts, with the model free between them, so that nobody waits for somebody else's large request and a request that is
given up ends after the part at hand.
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
from urllib.parse import urlencode

import torch
from PIL import Image

from ..pipelines.drawing import LARGEST_TRUNCATION, NEW_SEEDS, Drawn, draw_seeds
from ..pipelines.interpolation import slerp
from ..pipelines.provenance import KEY, XMP, save_png, text_entries
from .models import MOST_IMAGES, Shared

PART_PIXELS = 2**20  # that are made between two looks at whether anybody still wants them
LARGEST_SEED = 2**53 - 2**24  # what a browser can count to, with room for the images of a call and their neighbours
NEIGHBOURS = 10_000_000  # images like another are drawn towards seeds this far from its own, so not towards the pictures next to it


@dataclass(frozen=True)
class Settings:
    """What a visitor asks for: image i is that of `seed` + i, moved by `mix` (0 to 1) towards that of `towards` + i.

    Where `like` is given, it is images like number `like` of those instead, itself first, which go from it towards seeds of their own by
    `strength`, from 0 (the same) to 1 (others altogether).
    """

    seed: int = 0
    count: int = 16
    truncation: float = 1.0
    towards: int = 1000
    mix: float = 0.0
    label: int | None = None
    like: int | None = None
    strength: float = 0.35

    @property
    def query(self) -> str:
        """The part of an address that brings these settings back."""
        plain = asdict(Settings())
        return urlencode({name: value for name, value in asdict(self).items() if name == "seed" or value != plain[name]})

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
}


def _read(query: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for name, (kind, low, high) in LIMITS.items():
        with suppress(KeyError, ValueError):
            value = kind(query[name])
            if low <= value <= high:
                yield name, value


def check(model: Shared, settings: Settings) -> None:
    """Raise `ValueError` for what this model cannot do or this page does not."""
    if not model.generates:
        raise ValueError(f"{model.name} makes no images from noise; choose another model")
    for name, (kind, low, high) in LIMITS.items():
        value = getattr(settings, name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, kind | int) or not low <= value <= high):
            kinds = "an integer" if kind is int else "a number"
            raise ValueError(f"{name}={value!r:.40} is not possible; give {kinds} from {low} to {high}")
    if settings.count > model.most_images:
        raise ValueError(f"count={settings.count} is more than {model.most_images}, the most of one request; ask for fewer")
    if settings.label is not None and settings.label >= model.capabilities.num_classes:
        raise ValueError(f"label={settings.label} is no class of {model.name}, which has {model.capabilities.num_classes}; leave it out")


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
    if settings.like is None and not settings.mix:
        first = settings.seed + numbers.start
        return complete(model.pipe(len(numbers), class_labels=settings.label, seed=first, truncation=settings.truncation).images)
    if settings.like is None:
        latents, labels = _mixed(model, settings, [settings.seed + i for i in numbers], [settings.towards + i for i in numbers])
        made = [{"seed": settings.seed + i, "towards": settings.towards + i, "mix": settings.mix} for i in numbers]
    else:
        seed = settings.seed + settings.like
        latents, labels = _mixed(model, settings, [seed], [settings.towards + settings.like])
        others = [seed + NEIGHBOURS + i for i in numbers]
        strengths = torch.tensor([settings.strength if i else 0.0 for i in numbers])  # the first is the image itself
        latents, labels = slerp(latents, _drawn(model, others, None).latents, strengths), _repeated(labels, len(numbers))
        made = [{"like": seed, "towards": other, "strength": settings.strength} for other in others]
    images = model.pipe(latents=latents, class_labels=labels, truncation=settings.truncation).images
    return sign(model, images, [{**each, "truncation": settings.truncation} for each in made])


def _mixed(model: Shared, settings: Settings, seeds: list[int], towards: list[int]) -> tuple[torch.Tensor, torch.Tensor | None]:
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
    model = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in str(made.get("model", "image")))
    return f"{model}-seed-{made['seed']}" if "seed" in made else f"{model}-{made.get('like', 'image')}"


def new_seed() -> int:
    """One that nobody chose."""
    return random.SystemRandom().randrange(NEW_SEEDS)
