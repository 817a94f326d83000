"""Whether an imported network does what its family does: images with the size and spread of images, right classes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from ..data import ImageDataset, open_dataset
from ..pipelines.images import grid, to_pil, to_uint8
from ..pipelines.provenance import check_png_path, save_png

NUM_IMAGES = 64  # that are generated
NUM_TRANSLATED = 8
TRANSLATED_SIDE = 48  # pixels of their inputs at least, where the network takes any size
LARGEST_MANY = 128  # pixels a side of generated images, of which there are `NUM_IMAGES`
NUM_CHECKED = 2000  # of DATA, evenly spaced
BATCH_SIZE = 100
SMALLEST_SPREAD = 1e-6  # standard deviation of a pixel over latents, and of an image's pixels, on [-1, 1]
USUAL_SPREAD = 0.02  # below it the images are not those of a trained network
SHEET_COLUMNS = 8


def check_import(pipeline: Any, data: str | None = None) -> list[str]:
    """Lines that say what was checked and found.

    Args:
        pipeline: of one of the tasks generation, reconstruction, translation and classification.
        data: images to check it with; labelled for a classifier.

    Raises:
        ValueError: the network gives no images, or its classes are no better than chance on `data`.
    """
    able = pipeline.capabilities
    size = (able.scale or 1) * (_side(pipeline) if able.task == "translation" else able.image_size)
    lines = [] if able.task == "classification" else [_check_spread(_generated(pipeline), size)]
    if data is None:
        advice = "nothing was checked; --check DATA with a labelled set does" if not lines else None
        return [*lines, advice] if advice else lines
    translates = able.task == "translation"
    found = open_dataset(
        data,
        image_size=able.image_size,
        image_channels=pipeline.network.config.input_channels if translates else able.image_channels,
        labels=able.task == "classification",
        progress=False,
    )
    check = {
        "classification": _check_classes,
        "reconstruction": _check_reconstructions,
        "translation": _check_translations,
        "generation": _check_likeness,
    }
    return [*lines, check[able.task](pipeline, found, data)]


def write_sheet(path: Path, pipelines: list[Any]) -> None:
    """Write a .png with a row of images for each pipeline, all from the same latents."""
    path = check_png_path(path)
    if pipelines[0].capabilities.task == "classification":
        raise ValueError("--sheet shows images, and a classifier makes none; --check DATA tells geometries apart")
    size = max(pipeline.capabilities.image_size for pipeline in pipelines)
    images = []
    for pipeline in pipelines:
        made = _generated(pipeline)[:SHEET_COLUMNS].clamp(-1, 1)
        images += [image.resize((size, size)) for image in to_pil(to_uint8(made))]
    note = {"model": "convert", "settings": {"rows": len(pipelines), "columns": SHEET_COLUMNS}}
    save_png(grid(images, SHEET_COLUMNS), path, note)


@torch.no_grad()
def _generated(pipeline: Any) -> torch.Tensor:
    """float [64, C, H, W] from the latents of seed 0, 8 above 128 pixels; of a translator from smooth noise images."""
    network = pipeline.network.eval()
    if pipeline.capabilities.task == "translation":
        return network(_smooth_images(NUM_TRANSLATED, network.config.input_channels, _side(pipeline)))
    count = NUM_IMAGES if pipeline.capabilities.image_size <= LARGEST_MANY else NUM_TRANSLATED
    latents = network.sample_latents(count, torch.Generator().manual_seed(0))
    if pipeline.capabilities.encode:
        return network.decode(latents)
    labels = torch.arange(count) % pipeline.capabilities.num_classes if "labels" in network.conditions else None
    return network(latents) if labels is None else network(latents, labels)


def _side(pipeline: Any) -> int:
    """Pixels a side of the images that a translator is checked with."""
    multiple, most = pipeline.network.size_multiple, pipeline.capabilities.image_size
    return min(most, -(-TRANSLATED_SIDE // multiple) * multiple) if multiple else most


def _smooth_images(count: int, channels: int, size: int) -> torch.Tensor:
    coarse = torch.rand(count, channels, 4, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return F.interpolate(coarse, size=(size, size), mode="bilinear")


def _check_spread(images: torch.Tensor, size: int) -> str:
    if tuple(images.shape[2:]) != (size, size) or not bool(images.isfinite().all()):
        raise ValueError(f"the network gives {list(images.shape)} with values that are not finite, which are no images")
    over_latents, inside = float(images.std(0).mean()), float(images.flatten(1).std(1).mean())
    if min(over_latents, inside) < SMALLEST_SPREAD:
        what = "every image is of one colour" if inside < SMALLEST_SPREAD else "the images are all alike"
        raise ValueError(
            f"{what} (standard deviation {min(over_latents, inside):.1g} on [-1, 1]), so another part=, eps=, "
            "activation= or output= is right"
        )
    low, high = float(images.min()), float(images.max())
    outside = float((images.abs() > 1.01).float().mean())
    line = (
        f"checked: {len(images)} images of {size}x{size} from {low:.2f} to {high:.2f}, mean "
        f"{float(images.mean()):.2f}, standard deviation {inside:.2g} in an image and {over_latents:.2g} between images"
    )
    if min(over_latents, inside) < USUAL_SPREAD:
        line += "; warning: this is less than images have, so a field is wrong or the network is untrained"
    return f"{line}; {outside:.0%} of the values are outside [-1, 1]: is output= right?" if outside > 0.01 else line


def _batches(data: ImageDataset) -> list[torch.Tensor]:
    indices = torch.linspace(0, len(data) - 1, min(len(data), NUM_CHECKED)).long()
    return list(indices.split(BATCH_SIZE))


@torch.no_grad()
def _check_classes(pipeline: Any, data: ImageDataset, name: str) -> str:
    classes, right, count = pipeline.capabilities.num_classes, 0, 0
    for indices in _batches(data):
        batch = data.batch(indices)
        if int(batch["labels"].max()) >= classes:
            raise ValueError(f"{name} has more than the {classes} classes that this classifier names")
        right += int((pipeline.network(batch["images"]).argmax(1) == batch["labels"]).sum())
        count += len(indices)
    accuracy, chance = right / count, 1 / classes
    line = f"right on {accuracy:.1%} of {count} images of {name} (chance: {chance:.1%})"
    if accuracy <= chance + 2 * math.sqrt(chance * (1 - chance) / count):
        raise ValueError(
            f"the classifier is {line}: padding=, pool=, activation=, mean=, std= or the order of the classes differ"
        )
    return f"checked: {line}"


@torch.no_grad()
def _check_reconstructions(pipeline: Any, data: ImageDataset, name: str) -> str:
    network, errors = pipeline.network.eval(), []
    for indices in _batches(data):
        images = data.batch(indices)["images"]
        errors.append((network(images).clamp(-1, 1) - images).square().flatten(1).mean(1))
    psnr = float((10 * (4 / torch.cat(errors).clamp(min=1e-10)).log10()).mean())
    return f"checked: reconstructions of {len(torch.cat(errors))} images of {name} at {psnr:.1f} dB"


@torch.no_grad()
def _check_translations(pipeline: Any, data: ImageDataset, name: str) -> str:
    images = torch.cat([data.batch(indices)["images"] for indices in _batches(data)])[:NUM_TRANSLATED]
    made = pipeline.network.eval()(images)
    spread, given = (float(x.flatten(1).std(1).mean()) for x in (made, images))
    return f"checked: translations of {len(made)} images of {name}, standard deviation {spread:.2f} of {given:.2f}"


@torch.no_grad()
def _check_likeness(pipeline: Any, data: ImageDataset, name: str) -> str:
    made, real = _generated(pipeline), torch.cat([data.batch(indices)["images"] for indices in _batches(data)[:10]])
    (mean, spread), (real_mean, real_spread) = (
        (float(x.mean()), float(x.flatten(1).std(1).mean())) for x in (made, real)
    )
    return (
        f"checked: mean {mean:.2f} and standard deviation {spread:.2f} of its images, {real_mean:.2f} and "
        f"{real_spread:.2f} of {name}"
    )
