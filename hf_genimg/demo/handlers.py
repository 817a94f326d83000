"""What the Generate and Compare tabs do: plain functions of a model and a visitor's settings, without gradio.

Images are made in parts, with the model free between them, so that nobody waits for somebody else's large request and a
request that is given up ends after the part at hand.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from ..pipelines.interpolation import slerp
from ..pipelines.provenance import KEY, XMP, save_png, text_entries
from ..pipelines.sampling import GeneratorInputs, labels_for_json
from .models import Shared
from .settings import NEIGHBOURS, Settings, check

PART_PIXELS = 2**20  # that are made between two looks at whether anybody still wants them


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
    prompt = settings.prompt or None
    text: dict[str, Any] = {} if prompt is None else {"prompt": prompt}
    if settings.mix_seed is not None:
        text |= {"mix_seed": settings.mix_seed}
        text |= {} if settings.mix_from is None else {"mix_from": settings.mix_from}
    if not settings.like and not settings.mix and not settings.codes and settings.other_label is None:
        first = settings.seed + numbers.start
        same = {"seed": first, "truncation": settings.truncation, **text}
        return complete(model.pipe(num_images=len(numbers), class_labels=settings.label, **same).images)
    if settings.like:
        inputs = _like(model, settings, numbers)
        made: list[dict[str, Any]] = [{"like": settings.origin} for _ in numbers]
    else:
        inputs = _mixed(model, settings, [settings.seed + i for i in numbers], [settings.towards + i for i in numbers])
        morphed = [{"towards": settings.towards + i, "mix": settings.mix} if settings.mix else {} for i in numbers]
        made = [{"seed": settings.seed + i, **own} for i, own in zip(numbers, morphed, strict=True)]
    labels = _blended(inputs.class_labels, settings, model.capabilities.num_classes)
    latents, truncation = _coded(model, inputs.latents, settings)
    images = model.pipe(latents=latents, noise=inputs.noise, class_labels=labels, truncation=truncation, **text).images
    classes = [{}] * len(made) if labels is None else [{"class_label": label} for label in labels_for_json(labels)]
    same = {"truncation": settings.truncation, **text}
    same |= {"codes": list(settings.codes)} if settings.codes else {}
    whole = [{**same, "settings": settings.query, "number": number} for number in numbers]
    return sign(model, images, [own | label | each for own, label, each in zip(made, classes, whole, strict=True)])


def _like(model: Shared, settings: Settings, numbers: range) -> GeneratorInputs:
    """What is near the image that was chosen last; of the class of the first."""
    first, origin = settings.like[0][0], settings.origin
    inputs = _mixed(model, settings, [origin], [settings.towards + first])
    chosen = [[number] for number, _ in settings.like[1:]]
    for depth, ((_, strength), shown) in enumerate(zip(settings.like, [*chosen, numbers], strict=True), 1):
        others = _inputs_of(model, [origin + depth * NEIGHBOURS + number for number in shown], settings)
        strengths = torch.tensor([strength if number else 0.0 for number in shown])  # the first is the image itself
        inputs = _between(inputs, others, strengths)
    labels = inputs.class_labels
    return replace(inputs, class_labels=None if labels is None else labels.repeat(len(numbers)))


def _between(one: GeneratorInputs, other: GeneratorInputs, position: float | torch.Tensor) -> GeneratorInputs:
    """On the way from one to the other, of the class of one."""
    noise = None if one.noise is None else slerp(one.noise, other.noise, position)
    return replace(one, latents=slerp(one.latents, other.latents, position), noise=noise, seeds=None)


def _coded(model: Shared, latents: torch.Tensor, settings: Settings) -> tuple[torch.Tensor, float]:
    """Latents with these codes in front, which truncation does not change, and the truncation that is still to do."""
    if not settings.codes:
        return latents, settings.truncation
    codes = torch.tensor([settings.codes] * len(latents)).to(latents)
    truncated = model.pipe.network.truncate(latents, settings.truncation)
    return torch.cat([codes, truncated[:, codes.shape[1] :]], 1), 1.0


def _blended(labels: torch.Tensor | None, settings: Settings, classes: int) -> torch.Tensor | None:
    if labels is None or settings.other_label is None:
        return labels
    own, other = (
        torch.nn.functional.one_hot(each, classes).float() for each in (labels, torch.tensor([settings.other_label]))
    )
    return (1 - settings.label_mix) * own + settings.label_mix * other


def _mixed(model: Shared, settings: Settings, seeds: list[int], towards: list[int]) -> GeneratorInputs:
    start = _inputs_of(model, seeds, settings)
    return _between(start, _inputs_of(model, towards, settings), settings.mix) if settings.mix else start


def _inputs_of(model: Shared, seeds: list[int], settings: Settings) -> GeneratorInputs:
    """What the images of these seeds are made from."""
    twice = seeds if len(seeds) > 1 else seeds * 2  # a walk has two ends
    inputs = model.pipe.draw_seeds(twice, settings.label, settings.prompt or None)
    labels, noise = (None if each is None else each[: len(seeds)] for each in (inputs.class_labels, inputs.noise))
    return GeneratorInputs(inputs.latents[: len(seeds)], labels, seeds, noise)


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
    last = json.loads(image.info.get(KEY, "{}"))
    made, *others = [*last.get("chain", []), last]  # the first of a chain has the seed
    models = "-".join(str(each.get("model", "image")) for each in (made, *others))
    model = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in models)
    if "seed" in made:
        return f"{model}-seed-{made['seed']}"
    return f"{model}-like-{made['like']}-{made['number']}" if "like" in made else f"{model}-image"
