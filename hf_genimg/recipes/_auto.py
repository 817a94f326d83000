"""`train auto`: the family and its settings for a set of pictures and a time.

The rule is what was measured: `measured.json`, which benchmarks/what_to_use.py writes from benchmarks/results, has the
scores of each family after equal time of one core, on sets of several sizes. Of the measurements that are nearest (in
colour, then size, then number of pictures, then time) the family with the lowest FID is taken, by an extractor that
none of them was trained with, unless it needs what is missing here: classes, a feature network, a larger image.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import torch

from ..data import describe_pictures
from ..features.efficientnet import is_installed
from ..training.fields import parse_fields, parse_value
from ..training.plan import STEPS, plan
from ..training.recipe import Recipe
from ..training.run_directory import saved_recipe
from . import recipe_class

MEASURED = Path(__file__).with_name("measured.json")
SIZES = (16, 28, 32, 64, 128, 256)  # pixels a side
FEW = 1_000  # pictures: below it a discriminator is augmented
FEWEST = 16  # pictures
MOST_COPIES = 0.05  # of the images: a family that copies more is not taken
SMALL_UNTIL, MIDDLE_UNTIL = 15, 240  # minutes of a CPU: up to them at most 32 and 64 pixels a side
PROBED = 20_000  # images of the run that is probed
RESERVE = 0.05  # of the time, for what no probe sees


@dataclass(frozen=True)
class Pictures:
    """What is known of a set without decoding it.

    count: how many pictures. side: the usual shorter side in pixels; None where they may have any. grey: whether all
    are. transparent: whether some have pixels that are not opaque. labelled: whether they have classes.
    """

    count: int
    side: int | None
    grey: bool
    transparent: bool
    labelled: bool = False


@dataclass(frozen=True)
class Measurement:
    """One row of `measured.json`: a family's scores after so many seconds of one core.

    data, pictures, grey, image_size: the set. settings: fields that are not the family's defaults. fid, recall: by an
    extractor that it was not trained with. copies: share of the images; None where it was not measured.
    """

    data: str
    pictures: int
    grey: bool
    image_size: int
    seconds: float
    family: str
    settings: Mapping[str, Any]
    fid: float
    recall: float
    copies: float | None


@dataclass(frozen=True)
class Choice:
    """A recipe's name, fields that are not its defaults, and why, in words."""

    family: str
    fields: Mapping[str, Any]
    why: str


@cache
def measurements() -> tuple[Measurement, ...]:
    """All rows of `measured.json`."""
    return tuple(Measurement(**row) for row in json.loads(MEASURED.read_text(encoding="utf-8")))


def look_at(data: str) -> Pictures:
    """What a set is, from the headers of its pictures. Raises as `open_dataset`."""
    found = describe_pictures(data)
    side = round(median(found.sides)) if found.sides else None
    return Pictures(found.count, side, found.image_channels == 1, found.transparent, found.labelled)


def choose(pictures: Pictures, minutes: float, accelerator: bool, features: bool) -> Choice:
    """The family for pictures and time.

    accelerator: whether there is one; it is taken for the longest of the measured times. features: whether
    efficientnet-lite0 is installed.

    Raises:
        ValueError: too few pictures.
    """
    if pictures.count < FEWEST:
        raise ValueError(f"{pictures.count} pictures are too few to learn from; give {FEWEST} or more, better {FEW}")
    size = _size(pictures, minutes, accelerator)
    found, passed = _best(pictures, size, math.inf if accelerator else 60 * minutes, features)
    kind = "grey" if pictures.grey else "transparent" if pictures.transparent else "colour"
    measured = f"lowest FID ({found.fid:.3g}, recall {found.recall:.2f}) after {found.seconds:g} s of one core on "
    measured += f"{found.pictures:,} {found.data} at {found.image_size} pixels"
    return Choice(
        found.family,
        _settings(found, pictures, size),
        f"{found.family} at {size} pixels: {pictures.count:,} {kind} pictures, {minutes:g} minutes; "
        + "; ".join([measured, *(f"not {family}: {lack}" for family, lack in passed.items())]),
    )


def _best(pictures: Pictures, size: int, seconds: float, features: bool) -> tuple[Measurement, dict[str, str]]:
    """The measurement to follow; and the families that were better beside it, with what each lacks here."""
    passed: dict[tuple[Any, ...], dict[str, str]] = {}
    for row in sorted(measurements(), key=lambda row: (*_distance(row, pictures, size, seconds), row.fid)):
        beside = passed.setdefault((row.data, row.seconds), {})
        lack = _lack(row, pictures, size, features)
        if lack is None:
            return row, beside
        beside[row.family] = lack
    raise ValueError(f"no measured family makes images of {size} pixels")


def _distance(row: Measurement, pictures: Pictures, size: int, seconds: float) -> tuple[float, ...]:
    """How far a measurement is from what is asked for, the most important first."""
    longest = max(other.seconds for other in measurements() if other.data == row.data)
    return (
        row.grey != pictures.grey,
        abs(math.log(row.image_size / size)),
        abs(round(math.log2(row.pictures / pictures.count))),  # doublings: two sets of nearly one size are alike
        abs(math.log(row.seconds / min(seconds, longest))),
    )


def _lack(row: Measurement, pictures: Pictures, size: int, features: bool) -> str | None:
    """What a family needs and does not have; None where it can be taken."""
    recipe = recipe_class(row.family)()
    if _on_features(recipe) and not features:
        return "the extra `features` is not installed"
    if row.copies is not None and row.copies > MOST_COPIES:
        return f"{row.copies:.0%} of its images are copies"
    if recipe.labelled and not pictures.labelled:
        return "it needs classes"
    return None if _makes(recipe, size, pictures.grey) else f"its defaults make no images of {size} pixels"


def _on_features(recipe: Recipe) -> bool:
    return any(field.name == "features" for field in fields(recipe))


def _makes(recipe: Recipe, size: int, grey: bool) -> bool:
    """Whether a recipe has networks for a size. Those on features are not built, for that computes their features."""
    if _on_features(recipe):
        return size.bit_count() == 1
    try:
        fitted = recipe.override(image_size=size, image_channels=1 if grey else 3)
        fitted.check()
        with torch.device("meta"):
            fitted.networks()
    except ValueError:
        return False
    return True


def _settings(row: Measurement, pictures: Pictures, size: int) -> dict[str, Any]:
    """The fields of a family for a set."""
    recipe = recipe_class(row.family)()
    chosen: dict[str, Any] = {**row.settings, "image_size": size}
    if recipe.batch_size > pictures.count:
        chosen["batch_size"] = 1 << (pictures.count.bit_length() - 1)
    if pictures.transparent:
        chosen["image_channels"] = 4
    if pictures.side is not None and pictures.side < size:
        chosen["upscale"] = True
    augments = any(field.name == "diff_augment" for field in fields(recipe))
    if augments and pictures.count < FEW and not recipe.diff_augment:
        chosen.setdefault("diff_augment", "color,translation,cutout")
    return chosen


def _size(pictures: Pictures, minutes: float, accelerator: bool) -> int:
    """The largest size that the pictures have and the time allows."""
    most = SIZES[-1] if accelerator else 32 if minutes < SMALL_UNTIL else 64 if minutes < MIDDLE_UNTIL else 128
    side = pictures.side or 32
    return max((size for size in SIZES if size <= min(side, most)), default=SIZES[0])


def automatic(out: Path, settings: Sequence[str]) -> tuple[Recipe, str]:
    """The recipe for `field=value` texts, of which `data` and `minutes` are asked for and others win over the choice;
    and a line that says why.

    Where `out` holds a run, it is that run's recipe. Raises `ValueError` for a time that is none, as `choose`, for
    fields that the chosen recipe lacks, and where the data or the time are missing.
    """
    texts = dict(_split(text) for text in settings)
    data, minutes = texts.pop("data", None), texts.pop("minutes", None)
    rest = [f"{name}={text}" for name, text in texts.items()]
    if data is None:
        raise ValueError("train auto needs data=FOLDER, or another source of `hf-genimg list data`")
    file = out / "recipe.json"
    if file.is_file():
        saved = saved_recipe(file)
        recipe = recipe_class(saved["recipe"])().override(**saved["fields"])
        given = {**parse_fields(type(recipe), rest), "data": data}
        return recipe.override(**given), f"{out} goes on as it began: {recipe.name}, {recipe.images:,} images"
    if minutes is None:
        raise ValueError("train auto needs minutes=, how long the run may take, such as minutes=30")
    time = parse_value("minutes", minutes, float)
    if not time > 0:
        raise ValueError(f"minutes={minutes} must be above 0")
    choice = choose(look_at(data), time, torch.accelerator.is_available(), is_installed())
    chosen = recipe_class(choice.family)
    recipe = chosen().override(**{**choice.fields, **parse_fields(chosen, rest), "data": data})
    if "images" in texts:
        return recipe, choice.why
    fitted = fitted_to(recipe, time)
    return fitted, f"{choice.why}; {fitted.images:,} images by the speed of {STEPS} training steps"


def _split(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"{text!r} is not a setting; write field=value, for example minutes=30")
    return name, value


def fitted_to(recipe: Recipe, minutes: float) -> Recipe:
    """The recipe with as many images as a probe of twenty training steps finds time for; raises as `lasting`."""
    probed = max(PROBED, STEPS * _step_images(recipe))
    short = recipe.override(images=probed, warmup_images=min(recipe.warmup_images, probed // 2))
    return lasting(recipe, minutes, plan(short, progress=False).seconds / probed)


def lasting(recipe: Recipe, minutes: float, seconds: float) -> Recipe:
    """The recipe with as many images as take so long, at `seconds` an image; its warm-up and the half-life of its
    average are at most a tenth of the run.

    Raises `ValueError` where that is less than another probe.
    """
    step = _step_images(recipe)
    images = int(60 * minutes * (1 - RESERVE) / seconds) // step * step
    if images < STEPS * step:
        needed = math.ceil(STEPS * step * seconds / (1 - RESERVE) / 6) / 10
        raise ValueError(f"minutes={minutes:g} is too short for {recipe.name} on this machine; give {needed:g} or more")
    return recipe.override(
        images=images,
        ema_half_life=min(recipe.ema_half_life, images // 10),
        warmup_images=min(recipe.warmup_images, images // 10),
        sample_images=max(step, images // 8),
        snapshot_images=max(step, images // 8),
    )


def _step_images(recipe: Recipe) -> int:
    players = recipe.objective().players
    return recipe.batch_size * players.count(players[0])
