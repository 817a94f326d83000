"""Generated images, translated by other models of the page: chains, made in parts as `handlers` makes images."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from PIL import Image

from ..pipelines.chain import check_chain, check_settings, made_side, translated
from .handlers import PART_PIXELS, complete, generate
from .job_runner import read
from .models import MOST_PIXELS, Shared, Shelf
from .settings import Settings

MOST_STEPS = 4


def translators(shelf: Shelf) -> list[str]:
    """Names of the models that can follow others: they translate, and need no mask."""
    own = [each.name for each in shelf.models if each.capabilities.task == "translation" and not each.capabilities.mask]
    jobs = shelf.jobs
    return own + [name for name in (jobs.trained if jobs else []) if _translates(jobs.run_of(name) / "pipeline")]


def _translates(pipeline: Any) -> bool:
    return (read(pipeline / "model_index.json") or {}).get("_class_name") == "ImageTranslationPipeline"


def remade(model: Shared, query: str) -> list[Image.Image]:
    """The images of an address, which the browser keeps, and not of what is kept here of a visitor for a while."""
    if not query:
        raise ValueError("there is no image yet; generate some first")
    return list(generate(model, Settings.of_address(query)))[-1]


def follow(
    model: Shared, query: str, others: Sequence[Shared], style: Image.Image | None = None, strength: float = 1.0
) -> Iterator[list[Image.Image]]:
    """The images of an address, translated by each of the others in turn: those so far, until all are there.

    style, strength: of those that take one.

    Raises:
        ValueError: before any work, where the models do not fit or the images would be too large; one line.
    """
    given = check_others(model, others, style, strength)
    settings = Settings.of_address(query)
    _check_size(settings.count, made_side(model.capabilities) or 0, others)
    yield from _through(remade(model, query), others, given, settings.seed)


def follow_picture(
    image: Image.Image, others: Sequence[Shared], given: Sequence[dict[str, Any]]
) -> Iterator[list[Image.Image]]:
    """One image that a model made, translated by each of the others in turn. given: as `check_others` returns it."""
    _check_size(1, max(image.size), others)
    yield from _through([image], others, given, 0)


def check_others(
    model: Shared, others: Sequence[Shared], style: Image.Image | None, strength: float
) -> list[dict[str, Any]]:
    """What each of the others takes beside images.

    Raises `ValueError` where there are none or too many of them, they do not fit, or a style is missing.
    """
    if not others:
        raise ValueError("no model is chosen that follows; choose one or several")
    if len(others) > MOST_STEPS:
        raise ValueError(f"{len(others)} models follow one another; choose at most {MOST_STEPS}")
    check_chain(
        [model.capabilities, *(each.capabilities for each in others)], [model.name, *(each.name for each in others)]
    )
    return [_given(each, style, strength) for each in others]


def _check_size(count: int, side: int, others: Sequence[Shared]) -> None:
    """Raise `ValueError` where so many images of `side` pixels become too large for a page."""
    side = _side_after(side, others)
    if count * side**2 > MOST_PIXELS:
        most = MOST_PIXELS // side**2
        advice = f"generate {most} or fewer" if most else "use a smaller picture, or fewer models"
        raise ValueError(f"{count} images of {side}x{side} pixels are too many for a page; {advice}")


def _side_after(side: int, others: Sequence[Shared]) -> int:
    return side * math.prod(each.capabilities.scale or 1 for each in others)


def _through(
    images: Sequence[Image.Image], others: Sequence[Shared], given: Sequence[dict[str, Any]], seed: int
) -> Iterator[list[Image.Image]]:
    """The images so far, in parts. seed: of the first image, for translators with latents."""
    side = _side_after(max(images[0].size), others)
    made = list[Image.Image]()
    size = max(1, PART_PIXELS // side**2)
    for start in range(0, len(images), size):
        part = list(images[start : start + size])
        for each, own in zip(others, given, strict=True):
            seeded = {"seed": seed + start} if each.capabilities.latents else {}
            with each.lock:
                part = translated(each.pipe, part, **own, **seeded)
        made += complete(part)
        yield list(made)


def _given(model: Shared, style: Image.Image | None, strength: float) -> dict[str, Any]:
    """What a translation takes beside images."""
    able = model.capabilities
    if able.style and style is None:
        raise ValueError("there is no style yet; upload a picture that has it")
    own: dict[str, Any] = {"style": style} if able.style else {}
    own |= {"strength": strength} if able.strength else {}
    own |= {"class_labels": 0} if able.num_classes else {}
    check_settings(able, model.name, own)
    return own
