"""What a visitor made before: a short list that the visitor's own browser keeps, and nobody else sees.

It comes back from a browser, so it is read with as much care as an upload: whatever makes no sense is left out.
"""

from __future__ import annotations

import base64
import binascii
from io import BytesIO
from typing import Any

from PIL import Image

from .settings import Settings

MOST = 12  # of all models together
SHOWN, SIDE = 4, 64  # images of each, and pixels a side of the picture of them
MOST_CHARACTERS = 40_000  # of a picture


def picture_of(images: list[Image.Image]) -> Image.Image:
    """The first images, small, two in a row."""
    side = SIDE // (1 if len(images) == 1 else 2)
    picture = Image.new(images[0].mode, (SIDE, SIDE if len(images) != 2 else side))
    for number, image in enumerate(images[:SHOWN]):
        way = Image.Resampling.LANCZOS if image.width > side else Image.Resampling.NEAREST
        picture.paste(image.resize((side, side), way), (number % 2 * side, number // 2 * side))
    return picture


def remember(history: Any, model: str, settings: Settings, picture: Image.Image) -> list[dict[str, str]]:
    """The history with this in front: once, however often it was made, and with the oldest gone where there are too
    many.
    """
    new = {"model": model, "query": settings.query, "picture": written(picture)}
    before = [each for each in _plain(history) if (each["model"], each["query"]) != (new["model"], new["query"])]
    return [new, *before][:MOST]


def shown(history: Any, model: str) -> list[tuple[Image.Image, str]]:
    """What was made with this model, newest first: the pictures, and of each what it says below."""
    return [(read_picture(each["picture"]), _caption(_settings(each))) for each in _of(history, model)]


def recall(history: Any, model: str, number: int) -> Settings:
    """The settings of one of `shown`; `ValueError` where there is none of that number."""
    found = _of(history, model)
    if not 0 <= number < len(found):
        raise ValueError("this is not in the history any more; choose another")
    return _settings(found[number])


def _caption(settings: Settings) -> str:
    return f"~ {settings.origin}" if settings.like else f"{settings.seed}"


def _of(history: Any, model: str) -> list[dict[str, str]]:
    return [each for each in _plain(history) if each["model"] == model and read_picture(each["picture"]) is not None]


def _plain(history: Any) -> list[dict[str, str]]:
    entries = history[:MOST] if isinstance(history, list) else []
    kept = [
        each
        for each in entries
        if isinstance(each, dict) and all(isinstance(each.get(key), str) for key in ("model", "query", "picture"))
    ]
    return [
        {key: each[key] for key in ("model", "query", "picture")}
        for each in kept
        if len(each["picture"]) <= MOST_CHARACTERS
    ]


def _settings(entry: dict[str, str]) -> Settings:
    return Settings.of_address(entry["query"])


def written(picture: Image.Image) -> str:
    """A small picture as text, for the browser to keep."""
    content = BytesIO()
    picture.save(content, "PNG")
    return base64.b64encode(content.getvalue()).decode()


def read_picture(text: str) -> Image.Image | None:
    """The picture in a text that a browser kept; None where there is none, or where it is too large."""
    try:
        with Image.open(BytesIO(base64.b64decode(text, validate=True)), formats=("PNG",)) as image:
            if max(image.size) > SIDE:
                return None
            image.load()
            return Image.frombytes(image.mode, image.size, image.tobytes())  # nothing of what else the file holds
    except (binascii.Error, OSError, SyntaxError, ValueError):
        return None
