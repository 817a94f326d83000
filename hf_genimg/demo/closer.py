"""What the Look closer tab does: nearest training images of a sample, the data beside samples, what the discriminator
thinks of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import torch
from PIL import Image

from ..evaluation.evaluate import evaluate
from ..evaluation.extractors import default_extractor, open_extractor
from ..evaluation.feature_cache import reference_features
from ..evaluation.features import compute_device, extract
from ..evaluation.neighbors import nearest_by_features
from ..evaluation.scores import Report
from ..evaluation.sources import DataImages, open_data
from ..evaluation.transparency import BLACK, WHITE, over_level
from .about import data_of
from .handlers import generate
from .models import Shared
from .settings import Settings
from .texts import say

MOST_TRAINING = 5000  # first images of the data that are searched
MOST_USUAL = 500  # of them, of which the distance to the nearest other one is known
NEAREST, SAMPLES, SHOWN = 6, 16, 24  # training images of a sample; samples; images of a page of the data
FEWEST, MOST_SCORED = 200, 2000  # images of an evaluation in the page; KID needs 200
NEAR = 0.25  # of the usual distance of neighbours, below which a sample may be a copy
METRICS = ("fid", "kid", "precision", "density", "diversity", "vendi")
_searching = Lock()  # one data set at a time, and none while it holds a model: others go on making images
_scoring = Lock()

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class Training:
    """The data that a model learned from, as the extractor sees them.

    images: the first of them. features: float32 [N, D]. usual: the median distance of an image to its nearest other.
    """

    images: DataImages
    features: np.ndarray
    extractor: Any
    usual: float


@dataclass(frozen=True)
class Pixels:
    """uint8 [N, H, W, C] as a source of images."""

    values: torch.Tensor

    def __len__(self) -> int:
        return len(self.values)

    def batch(self, start: int, stop: int) -> torch.Tensor:
        """uint8 [stop - start, H, W, C]."""
        return self.values[start:stop]


def data_of_model(model: Shared) -> DataImages | None:
    """The data that it learned from, decoded as it saw them; None where they are not here, or it makes no images."""

    def find() -> DataImages | None:
        source, able = data_of(model), model.capabilities
        if not source or not model.generates:
            return None
        try:
            return open_data(source, able.image_size, able.image_channels, None, progress=False)
        except (OSError, ValueError):
            return None

    return model.know("data of the tab", find)


def address_of(model: Shared, query: str) -> str:
    """The address of what a visitor made, where it is of this model; else that of its first seeds. Nothing for a model
    that needs a text first.
    """
    if dict(parse_qsl(query)).get("model") == model.name:
        return query
    return "" if model.capabilities.text else Settings(count=min(SAMPLES, model.most_images)).link(model.name)


def samples(model: Shared, query: str) -> list[Image.Image]:
    """The first images of those that an address asks for; none where it asks for nothing."""
    if not query:
        return []
    asked = Settings.of_address(query)
    return list(generate(model, asked))[-1][:SAMPLES]


def training_of(model: Shared, progress: Progress | None = None) -> Training:
    """The data of a model with their features, which are computed once and kept on disk.

    Raises `ValueError` where the data, or an extractor for them, are not here.
    """
    data = _required(model)
    with _searching:
        if "training" not in model.known:
            extractor = open_extractor(default_extractor(str(data_of(model)), None))
            extractor.check(min(3, data.dataset.image_channels))
            extractor.to(compute_device())
            first = DataImages(data.dataset, min(len(data), MOST_TRAINING), data.transparent)
            features = reference_features(first, extractor, progress or False, alone=True).values
            model.known["training"] = Training(first, features, extractor, _usual(features))
    return model.known["training"]


def _usual(features: np.ndarray) -> float:
    """The median distance from one of the first images to its nearest other one."""
    chosen = np.arange(min(len(features), MOST_USUAL))
    return float(np.median(nearest_by_features(features[chosen], features, 1, own=chosen).distances))


def nearest(
    model: Shared, sample: Image.Image, progress: Progress | None = None
) -> tuple[list[tuple[Image.Image, str]], str]:
    """The training images that are nearest to a sample by features, each with its distance; and what that means."""
    training = training_of(model, progress)
    if len(training.images) < 2:
        raise ValueError(f"the data of {model.name} are one image; there is nothing to compare with")
    query = _features(_pixels([sample], model), training)
    found = nearest_by_features(query, training.features, min(NEAREST, len(training.images)))
    shown = [(_image(training.images, row), f"{distance:.3g}") for row, distance in _rows(found)]
    closest = float(found.distances[0, 0])
    key = "far" if closest >= training.usual else "near" if closest > NEAR * training.usual else "copy"
    of = {"count": len(training.images), "total": len(training.images.dataset), "extractor": training.extractor.name}
    meaning = say(f"nearest_{key}", distance=closest, usual=training.usual)
    return shown, f"{meaning} {say('nearest_of', **of)}"


def _features(pixels: torch.Tensor, training: Training) -> np.ndarray:
    """float32 [N, D]: those of images with transparency over white and over black, as `reference_features` has them."""
    both = [pixels] if training.images.transparent is None else [over_level(pixels, each) for each in (WHITE, BLACK)]
    return np.concatenate([extract(Pixels(each), training.extractor, "", False, alone=True).values for each in both], 1)


def _rows(found: Any) -> list[tuple[int, float]]:
    return list(zip(found.indices[0].tolist(), found.distances[0].tolist(), strict=True))


def browse(model: Shared, page: int, label: int | None = None) -> tuple[list[tuple[Image.Image, str]], int]:
    """A page of the data, from 1, of all classes or one of them; each image above its class; and how many pages there
    are.
    """
    data = _required(model)
    labels = data.labels
    rows = np.arange(len(data)) if label is None or labels is None else np.flatnonzero(labels == label)
    pages = max(1, -(-len(rows) // SHOWN))
    chosen = rows[(min(max(page, 1), pages) - 1) * SHOWN :][:SHOWN].tolist()
    names = data.dataset.class_names or ()
    classes = ["" if labels is None else _name(names, int(labels[row])) for row in chosen]
    return [(_image(data, row), name) for row, name in zip(chosen, classes, strict=True)], pages


def classes_of(model: Shared) -> list[str]:
    """The classes of the data; none where these have no labels."""
    data = data_of_model(model)
    if data is None or data.labels is None:
        return []
    names = data.dataset.class_names or ()
    return [_name(names, number) for number in range(int(data.labels.max()) + 1)]


def _name(names: Any, number: int) -> str:
    return names[number] if number < len(names) else str(number)


def _required(model: Shared) -> DataImages:
    data = data_of_model(model)
    if data is None:
        raise ValueError(f"the data that {model.name} learned from are not here; start the page with --data")
    return data


def _image(data: DataImages, row: int) -> Image.Image:
    pixels = data.batch(row, row + 1)[0].numpy()
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def _pixels(images: list[Image.Image], model: Shared) -> torch.Tensor:
    """uint8 [N, H, W, C] of what the model made."""
    levels = np.stack([np.asarray(image) for image in images])
    return torch.from_numpy(levels if levels.ndim == 4 else levels[..., None])


def discriminator_of(model: Shared) -> Any:
    """The discriminator that was kept with a model; None where there is none that looks at images alone."""
    found = model.pipe.components.get("discriminator")
    if found is None or found.config.get("in_channels") or found.config.get("num_classes"):
        return None
    return None if model.capabilities.image_channels == 4 else found


@torch.no_grad()
def outputs(model: Shared, images: list[Image.Image]) -> list[float]:
    """The discriminator's output for each image; larger is more real."""
    if not images:
        return []
    discriminator = discriminator_of(model)
    device, dtype = discriminator.device, discriminator.dtype
    pixels = _pixels(images, model).permute(0, 3, 1, 2).to(device, dtype).div(127.5).sub(1)
    with model.lock:
        discriminator.eval()
        logits = discriminator(pixels).float()
    return logits.reshape(len(images), -1).mean(1).tolist()  # of patches, where it looks at those


def captions(model: Shared, images: list[Image.Image]) -> tuple[list[tuple[Image.Image, str]], str]:
    """Samples, each above the discriminator's output for it, and in Markdown what that means; without one, as they are
    and why.
    """
    discriminator = discriminator_of(model)
    if discriminator is None or not images:
        return [(image, "") for image in images], say("no_discriminator") if images else ""
    found = outputs(model, images)
    shown = [(image, f"{output:+.2f}") for image, output in zip(images, found, strict=True)]
    boundary = discriminator.config.get("boundary", 0.0)
    words = say("discriminator_compares") if boundary is None else say("discriminator_boundary", boundary=boundary)
    data = data_of_model(model)
    if data is not None:
        real = outputs(model, [_image(data, row) for row in range(min(SHOWN, len(data)))])
        words += " " + say("discriminator_means", real=float(np.mean(real)), fake=float(np.mean(found)))
    return shown, words


def score(model: Shared, metrics: list[str], num: int, progress: Progress) -> Report:
    """The scores of a model against its data, as `hf-genimg evaluate` measures them.

    Raises `ValueError` where something else is being scored, and as `evaluate`.
    """
    _required(model)
    if model.folder is None:
        raise ValueError(f"{model.name} has no folder here, which evaluation opens; save the model first")
    if not FEWEST <= num <= MOST_SCORED:
        raise ValueError(f"num={num} is not possible; give {FEWEST} to {MOST_SCORED}")
    if not metrics:
        raise ValueError("no score is chosen; choose at least one")
    if not _scoring.acquire(blocking=False):
        raise ValueError("another evaluation is running; try again when it has ended")
    try:
        return evaluate(model.folder, str(data_of(model)), metrics=metrics, num=num, progress=progress)
    finally:
        _scoring.release()


def save_scores(report: Report, folder: Path) -> Path:
    """Write scores.json, which `hf-genimg compare` reads."""
    return report.save(folder / "scores.json")
