"""`train auto`: the family and its settings for a set of pictures and a time.

Up to 32 pixels the rule is what benchmarks/quality.py measured on 2,481 colour sprites without labels, in CPU time of
one core: after 2 minutes wgan_gp has FID 14.8 and dcgan 66.4, after 20 minutes dcgan has 1.9, wgan_gp 2.5 and r3gan
27.7. At 64 pixels, of 289 paintings in 10 minutes (benchmarks/evening.py), fastgan makes varied brushwork and
projected_gan repeats a few shapes; a classifier that neither was trained with agrees (FID 2.5 and 36.4), while
EfficientNet-Lite0, which projected_gan was trained by, does not (170 and 144). Of 9,000 photographs projected_gan made
varied faces, some of them distorted, within an hour.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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

SIZES = (16, 32, 64, 128, 256)  # pixels a side that all chosen families make
FEW = 1_000  # pictures: below it a discriminator is augmented, and from 64 pixels on has to reconstruct
SHORT = 10  # minutes: below them wgan_gp is ahead of dcgan
FEWEST = 16  # pictures
SMALL_UNTIL, MIDDLE_UNTIL = 15, 240  # minutes of a CPU: up to them at most 32 and 64 pixels a side
PROBED = 20_000  # images of the run that is probed
RESERVE = 0.05  # of the time, for what no probe sees


@dataclass(frozen=True)
class Pictures:
    """What is known of a set without decoding it.

    count: how many pictures. side: the usual shorter side in pixels; None where they may have any. grey: whether all
    are. transparent: whether some have pixels that are not opaque.
    """

    count: int
    side: int | None
    grey: bool
    transparent: bool


@dataclass(frozen=True)
class Choice:
    """A recipe's name, fields that are not its defaults, and why, in words."""

    family: str
    fields: Mapping[str, Any]
    why: str


def look_at(data: str) -> Pictures:
    """What a set is, from the headers of its pictures. Raises as `open_dataset`."""
    found = describe_pictures(data)
    side = round(median(found.sides)) if found.sides else None
    return Pictures(found.count, side, found.image_channels == 1, found.transparent)


def choose(pictures: Pictures, minutes: float, accelerator: bool, features: bool) -> Choice:
    """The family for pictures and time.

    accelerator: whether there is one. features: whether efficientnet-lite0 is installed.

    Raises:
        ValueError: too few pictures.
    """
    if pictures.count < FEWEST:
        raise ValueError(f"{pictures.count} pictures are too few to learn from; give {FEWEST} or more, better {FEW}")
    size = _size(pictures, minutes, accelerator)
    fields: dict[str, Any] = {"image_size": size, "batch_size": min(32, 1 << (pictures.count.bit_length() - 1))}
    if pictures.transparent:
        fields["image_channels"] = 4
    if pictures.side is not None and pictures.side < size:
        fields["upscale"] = True
    kind = "grey" if pictures.grey else "transparent" if pictures.transparent else "colour"
    family, reason = _family(pictures, minutes, size, features)
    if family == "dcgan" and pictures.count < FEW:
        fields["diff_augment"] = "color,translation,cutout"
    if family == "fastgan":
        fields["batch_size"] = min(16, fields["batch_size"])
    return Choice(
        family, fields, f"{family} at {size} pixels: {pictures.count:,} {kind} pictures, {minutes:g} minutes; {reason}"
    )


def _family(pictures: Pictures, minutes: float, size: int, features: bool) -> tuple[str, str]:
    """A family and why."""
    if size > 32 and not pictures.grey and features:
        if pictures.count < FEW:
            return "fastgan", "of 289 paintings it makes varied ones in 10 minutes of one core"
        return "projected_gan", "of 9,000 photographs it makes faces within an hour of one core"
    if minutes < SHORT and size == 32:
        return "wgan_gp", "the best of small images after 2 minutes"
    lacking = "" if features or pictures.grey or size <= 32 else ", and the extra `features` is not installed"
    return "dcgan", f"the best of small images after 20 minutes{lacking}"


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
