"""Named directions from two piles of images: found from their seeds, tried on a whole gallery, saved with the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from PIL import Image

from ..evaluation.latent_directions import find_direction, latents_of_seeds
from ..pipelines.loading import pipeline_directory
from ..pipelines.named_directions import FILE, NamedDirection, check_name, write_directions
from .handlers import sign
from .models import Shared
from .settings import LARGEST_SEED

SHOWN = 24  # images to choose from
MOST = 64  # of a pile
REACH = 3  # standard deviations either way


def gallery_of(model: Shared, seed: int, found: NamedDirection | None = None, strength: float = 0) -> list[Image.Image]:
    """The images of `SHOWN` seeds from one on, moved along a direction.

    Raises `ValueError` where the model has no latents that are vectors, or an argument is not what it may be.
    """
    if not model.has_directions:
        raise ValueError(f"{model.name} has no directions: they are those of latents that are vectors, without text")
    count = min(SHOWN, max(2, model.most_images))
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= LARGEST_SEED - count:
        raise ValueError(f"seed={seed!r:.40} is not possible; give an integer from 0 to {LARGEST_SEED - count}")
    if not -REACH <= strength <= REACH:
        raise ValueError(f"strength={strength} is not possible; give a number from {-REACH} to {REACH}")
    seeds = list(range(seed, seed + count))
    with model.lock:
        inputs = model.pipe.draw_seeds(seeds)
        latents = moved(model, inputs, found, strength)
        images = model.pipe(latents=latents, noise=inputs.noise, class_labels=inputs.class_labels).images
    own = [{"seed": each} for each in seeds]
    along = {} if found is None or not strength else {"direction": found.found, "strength": strength}
    return sign(model, images, [each | along for each in own])


def moved(model: Shared, inputs: Any, found: NamedDirection | None, strength: float) -> torch.Tensor:
    """Latents, or styles for a direction in `w`, moved along it."""
    if found is None or not strength:
        return inputs.latents
    latents = inputs.latents
    if found.space == "w":
        latents = model.pipe.styles_of(latents, inputs.class_labels)
    return latents + strength * found.vector.to(latents)


def find(model: Shared, have: list[int], have_not: list[int]) -> NamedDirection:
    """The direction from the seeds of images that have not some property to those that have it: the difference of
    means, as `hf-genimg direction` finds it.

    Raises `ValueError` where a pile is empty, or both hold the same images.
    """
    for pile, name in ((have, "A"), (have_not, "B")):
        if not pile:
            raise ValueError(f"pile {name} is empty; click on images to put them there")
    with model.lock:
        groups = [latents_of_seeds(model.pipe, pile) for pile in (have, have_not)]
        return find_direction(model.pipe, *groups)


def put(pile: list[int], other: list[int], seed: int) -> tuple[list[int], list[int]]:
    """Both piles after a click on an image: it is in the first, or in neither where it was in the first before."""
    if seed in pile:
        return [each for each in pile if each != seed], other
    if len(pile) >= MOST:
        raise ValueError(f"pile is full with {MOST} images; take one out first")
    return [*pile, seed], [each for each in other if each != seed]


def pictures(model: Shared, seeds: list[int]) -> list[tuple[Image.Image, str]]:
    """The images of seeds, each above its seed."""
    if not seeds:
        return []
    with model.lock:
        inputs = model.pipe.draw_seeds([*seeds, seeds[0]])  # of two or more
        given = {"latents": inputs.latents, "noise": inputs.noise, "class_labels": inputs.class_labels}
        images = model.pipe(**given).images[: len(seeds)]
    signed = sign(model, images, [{"seed": seed} for seed in seeds])
    return [(image, str(seed)) for image, seed in zip(signed, seeds, strict=True)]


def save(model: Shared, name: str, found: NamedDirection | None, keeps: bool) -> Path:
    """Put a direction among those of the model, under a name, for everybody. Returns its file.

    Raises `ValueError` where there is no direction, the name is taken or none, or nothing may be kept here.
    """
    _check(name, found)
    if not keeps or model.folder is None:
        raise ValueError("this page keeps no directions with its models; take the file instead")
    with model.lock:
        if name in model.pipe.directions:
            raise ValueError(f"{model.name} has a direction {name!r} already; use another name")
        file = pipeline_directory(model.folder) / FILE
        write_directions(file, {**model.pipe.directions, name: found})
        model.pipe.directions[name] = found
    return file


def as_file(name: str, found: NamedDirection | None, folder: Path) -> Path:
    """The direction alone as directions.safetensors, to lay beside a model."""
    _check(name, found)
    return write_directions(folder / FILE, {name: found})


def _check(name: str, found: NamedDirection | None) -> None:
    if found is None:
        raise ValueError("there is no direction yet; find one from labels or from two piles first")
    check_name(name)
