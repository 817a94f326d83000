"""Images of all models that a visitor keeps: a short list in the visitor's own browser, which a link brings back.

What comes back from a browser or in a link is read with care: whatever makes no sense is left out. Kept is how an image
was made and a small picture of it; for a file it is made again.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from PIL import Image, ImageDraw, ImageFont

from ..pipelines.images import grid, on_checkerboard
from ..pipelines.provenance import KEY, save_png
from .explore import along
from .handlers import generate
from .history import MOST_CHARACTERS, picture_of, read_picture, written
from .models import Shared, Shelf
from .settings import MOST_IMAGES, Settings

MOST = 24
CELL, CAPTION = 160, 18  # pixels of a contact sheet: an image's side, and the line below it
LONGEST = 1000  # letters of how an image was made

Kept = dict[str, Any]


def edit_query(seed: int, method: str, amounts: list[float]) -> str:
    """How an image of the Explore tab was made, for `remake`."""
    return urlencode({"seed": seed, "method": method, "amounts": ",".join(f"{each:g}" for each in amounts)}, safe=",")


def remake(model: Shared, query: str, number: int) -> Image.Image:
    """Image `number` of those that an address asks for; the image of a seed that was moved along directions where it
    has `amounts`.
    """
    asked = dict(parse_qsl(query))
    if "amounts" in asked:
        try:
            seed, amounts = int(asked.get("seed", 0)), [float(each) for each in asked["amounts"].split(",")]
        except ValueError:
            raise ValueError(f"amounts={asked['amounts']!r:.60} is not possible; give numbers from -3 to 3") from None
        return along(model, seed, amounts, asked.get("method", "pca"))
    images = list(generate(model, Settings.of_query(asked)))[-1]
    return images[min(number, len(images) - 1)]


def keep(kept: Any, model: Shared, query: str, number: int) -> list[Kept]:
    """The list with this image at its end; once, however often it is kept. `ValueError` where it is full."""
    before = plain(kept)
    if not query:
        raise ValueError("there is no image yet; generate some first")
    if any((each["model"], each["query"], each["number"]) == (model.name, query, number) for each in before):
        return before
    if len(before) >= MOST:
        raise ValueError(f"there are {MOST} favourites already; remove one first")
    picture = written(picture_of([remake(model, query, number)]))
    return [*before, {"model": model.name, "query": query, "number": number, "picture": picture}]


def plain(kept: Any) -> list[Kept]:
    """What makes sense of what a browser says that it keeps."""
    entries = kept[:MOST] if isinstance(kept, list) else []
    return [
        {key: each[key] for key in ("model", "query", "number", "picture")}
        for each in entries
        if isinstance(each, dict)
        and all(isinstance(each.get(key), str) for key in ("model", "query", "picture"))
        and _is_number(each.get("number"))
        and len(each["query"]) <= LONGEST
        and len(each["picture"]) <= MOST_CHARACTERS
        and read_picture(each["picture"]) is not None
    ]


def here(kept: Any, shelf: Shelf) -> list[Kept]:
    """Those of models of this page: a browser may keep others, of another page at the same address."""
    return [each for each in plain(kept) if each["model"] in shelf.names]


def shown(kept: Any, shelf: Shelf) -> list[tuple[Image.Image, str]]:
    """The pictures, and below each its model."""
    return [(read_picture(each["picture"]), each["model"]) for each in here(kept, shelf)]


def without(kept: Any, shelf: Shelf, number: int | None) -> list[Kept]:
    """The list without one of `shown`; `ValueError` where none of that number is there."""
    listed = here(kept, shelf)
    if number is None or not 0 <= number < len(listed):
        raise ValueError("none is chosen; click on a favourite first")
    return [each for each in plain(kept) if each != listed[number]]


def link(kept: Any, shelf: Shelf) -> str:
    """The part of an address that brings them back."""
    listed = [[each["model"], each["number"], each["query"]] for each in _some(kept, shelf)]
    return urlencode({"kept": json.dumps(listed, separators=(",", ":"))}, safe=":,/")


def of_link(text: str, kept: Any, shelf: Shelf) -> list[Kept]:
    """The list with what a link brings, as far as there is room; images of models that are not here are left out, and
    so is what makes no sense.
    """
    kept = plain(kept)
    for each in _listed(text):
        if len(each) == 3 and all(isinstance(part, kind) for part, kind in zip(each, (str, int, str), strict=True)):
            model, number, query = each
            if model in shelf.names and _is_number(number) and len(query) <= LONGEST:
                with suppress(ValueError):
                    kept = keep(kept, shelf.find(model), query, number)
    return kept


def _listed(text: str) -> list[list[Any]]:
    with suppress(ValueError, RecursionError):
        found = json.loads(text)
        return [each for each in found[:MOST] if isinstance(each, list)] if isinstance(found, list) else []
    return []


def images_of(kept: Any, shelf: Shelf) -> list[Image.Image]:
    """All of them, made again, each with its provenance."""
    return [remake(shelf.find(each["model"]), each["query"], each["number"]) for each in _some(kept, shelf)]


def contact_sheet(images: list[Image.Image], folder: Path) -> Path:
    """Write one PNG with all images, each above its model and seed, and how each was made. Returns where."""
    notes = [json.loads(image.info.get(KEY, "{}")) for image in images]
    sheet = grid([_cell(image, note) for image, note in zip(images, notes, strict=True)])
    return save_png(sheet, folder / "contact-sheet.png", {"contact_sheet": notes}, overwrite=True)


def _cell(image: Image.Image, note: dict[str, Any]) -> Image.Image:
    factor = CELL / max(image.size)
    way = Image.Resampling.NEAREST if factor >= 1 else Image.Resampling.LANCZOS
    size = tuple(max(1, round(side * factor)) for side in image.size)
    cell = Image.new("RGB", (CELL, CELL + CAPTION), "white")
    large = on_checkerboard(image).convert("RGB").resize(size, way)
    cell.paste(large, ((CELL - large.width) // 2, (CELL - large.height) // 2))
    seed = f" {note['seed']}" if "seed" in note else ""
    font = ImageFont.load_default(11)
    ImageDraw.Draw(cell).text((2, CELL + 2), f"{note.get('model', '')}"[:24] + seed, "black", font)
    return cell


def _some(kept: Any, shelf: Shelf) -> list[Kept]:
    listed = here(kept, shelf)
    if not listed:
        raise ValueError("there are no favourites yet; keep an image first")
    return listed


def _is_number(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number < MOST_IMAGES
