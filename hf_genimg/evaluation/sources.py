"""What is scored: the images of a model, sampled as they are needed, or those of a data set."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from statistics import median
from typing import Any

import numpy as np
import torch

from ..data import ImageDataset, is_labelled, open_dataset, picture_paths, picture_sizes
from ..data.decode import BadPicture
from ..pipelines.loading import HUB_ID, INDEX, NETWORK, RECIPE, load_any
from ..pipelines.sampling import draw, sample_labels
from .translations import Translations
from .transparency import WHITE, Composited, over_level

CHUNK = 1000  # images whose labels are sampled at a time
MOST = 50_000  # images of a model where no number is given: as many as scores are usually taken of
SMALL = 0.5  # of the median size: a picture below it would decide the size at which all the others are scored
SHARED = 0.5  # of the names on either side: with fewer in common, two sets were not named alike


def is_model(source: str) -> bool:
    """Whether MODEL or DATA is meant: a model where its files are, or an id that is not written as `dataset:ID`."""
    path = Path(source).expanduser()
    if path.is_dir():
        return any((path / name).is_file() for name in (RECIPE, INDEX, NETWORK))
    return not path.exists() and bool(HUB_ID.fullmatch(source))


@dataclass(frozen=True)
class ModelImages:
    """The images of the seeds from `seed` on, of our pipelines or of any unconditional one of diffusers."""

    pipeline: Any
    count: int
    seed: int
    image_size: int
    image_channels: int
    background: int = WHITE  # level behind what is transparent
    prompts: tuple[str, ...] | None = None  # one for each image; None for a model that takes no text

    def __len__(self) -> int:
        return self.count

    def batch(self, start: int, stop: int) -> torch.Tensor:
        """uint8 [stop - start, H, W, C]; images with transparency over the background."""
        if self.prompts is not None:
            prompts = list(self.prompts[start:stop])
            return self.pipeline(prompts, seed=self.seed + start, output_type="uint8").images
        if hasattr(self.pipeline, "capabilities"):
            pixels = self.pipeline(stop - start, seed=self.seed + start, output_type="uint8").images
            return over_level(pixels, self.background) if self.image_channels == 4 else pixels
        generators = [torch.Generator().manual_seed(self.seed + number) for number in range(start, stop)]
        images = self.pipeline(batch_size=stop - start, generator=generators, output_type="np").images
        return torch.from_numpy((images * 255).round().astype(np.uint8))

    @property
    def labels(self) -> np.ndarray | None:
        """The class that each image is conditioned on, int64 [N]; None for an unconditional model."""
        able = getattr(self.pipeline, "capabilities", None)
        if able is None or not able.num_classes:
            return None
        if self.pipeline.prior_network is not None:
            return sample_labels(able.num_classes, range(self.seed, self.seed + self.count)).numpy()
        starts = range(0, self.count, CHUNK)
        sizes = [(start, min(CHUNK, self.count - start)) for start in starts]
        parts = [
            draw(self.pipeline.network, able.num_classes, num_images=n, seed=self.seed + start) for start, n in sizes
        ]
        return torch.cat([part.class_labels for part in parts]).numpy()


@dataclass(frozen=True)
class DataImages:
    """The first `count` images of a data set."""

    dataset: ImageDataset
    count: int
    transparent: ImageDataset | None = None  # the same with transparency; `dataset` is then over a background

    def __len__(self) -> int:
        return self.count

    def batch(self, start: int, stop: int) -> torch.Tensor:
        """uint8 [stop - start, H, W, C]."""
        return torch.from_numpy(np.asarray(self.dataset.images[start:stop]))

    @property
    def labels(self) -> np.ndarray | None:
        """int64 [N]; None where the data have none."""
        return None if self.dataset.labels is None else self.dataset.labels[: self.count]

    def over(self, level: int) -> DataImages:
        """The same images with transparency, over another level."""
        return with_background(self.transparent, self.count, level)


FakeImages = ModelImages | DataImages | Translations


def with_background(dataset: ImageDataset, count: int, level: int) -> DataImages:
    """The first `count` images of a data set; those with transparency over a grey level."""
    if dataset.image_channels != 4:
        return DataImages(dataset, count)
    images = Composited(dataset.images, level)
    shown = replace(dataset, images=images, fingerprint=f"{dataset.fingerprint}-over-{level}")
    return DataImages(shown, count, dataset)


def open_model(source: str, device: torch.device) -> Any:
    """The pipeline of a MODEL, on its device and without a progress bar of its own."""
    pipeline = load_any(source)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(device)


def translates(pipeline: Any) -> bool:
    """Whether a pipeline makes images of images; those of other packages are taken for generators."""
    return hasattr(pipeline, "capabilities") and pipeline.capabilities.task == "translation"


def size_of(pipeline: Any, source: str) -> tuple[int, int]:
    """(pixels a side, channels) of the images of a pipeline; `ValueError` for one that makes none from noise."""
    if hasattr(pipeline, "capabilities"):
        able = pipeline.capabilities
        if able.task not in ("generation", "reconstruction"):
            raise ValueError(f"{source} is a model for {able.task}, which makes no images; name one that does")
        return able.image_size, able.image_channels
    config = next(
        (part.config for part in pipeline.components.values() if "sample_size" in getattr(part, "config", {})), None
    )
    if config is None:
        raise ValueError(
            f"{source} ({type(pipeline).__name__}) has no sample_size in its config; give an unconditional pipeline"
        )
    return config["sample_size"], config.get("out_channels", 3)


def scoring_size(source: str) -> int:
    """The size at which a data set is scored unless `--image-size` says it: the shorter side of the smallest of its
    first pictures.

    Raises `ValueError` where that is less than half of what is usual in the set.
    """
    sizes = picture_sizes(source)
    smallest, usual = min(sizes), median(sizes)
    if smallest < SMALL * usual:
        raise ValueError(
            f"the first pictures of {source} have shorter sides from {smallest} to {max(sizes)} pixels, and the "
            "smallest "
            f"would decide the size of all; choose it: --image-size {usual:g}, with --skip-bad to leave out what is "
            "smaller"
        )
    return smallest


def open_data(
    source: str,
    image_size: int,
    image_channels: int | None,
    count: int | None,
    progress: bool,
    *,
    upscale: bool = False,
    skip_bad: bool = False,
) -> DataImages:
    """A data set as a source of images, decoded at `image_size`; `ValueError` when it has fewer than `count`.

    upscale: smaller pictures are enlarged, as they are for a model of larger ones, instead of refused. skip_bad: leave
    out pictures that cannot be read or are too small, with a warning that counts them.
    """
    how = {"image_size": image_size, "image_channels": image_channels, "progress": progress, "skip_bad": skip_bad}
    try:
        dataset = _decoded(source, upscale, **how)
    except BadPicture as error:
        raise ValueError(f"{error.fact}; give a smaller --image-size, or --skip-bad to leave it out") from error
    if count is not None and count > len(dataset):
        raise ValueError(f"{source} has {len(dataset)} images, fewer than --num {count}; use at most {len(dataset)}")
    return with_background(dataset, count or len(dataset), WHITE)


def _decoded(source: str, upscale: bool, **how: Any) -> ImageDataset:
    """Enlarging only where it is needed: a set of large enough pictures keeps the fingerprint that training gave it."""
    try:
        return _with_labels(source, **how)
    except BadPicture:
        if not upscale:
            raise
        return _with_labels(source, upscale=True, **how)


def _with_labels(source: str, **how: Any) -> ImageDataset:
    """Labelled where that is possible: labels that are wrong are no obstacle to what needs none."""
    if is_labelled(source):
        try:
            return open_dataset(source, labels=True, **how)
        except BadPicture:
            raise
        except ValueError:
            pass
    return open_dataset(source, **how)


def paired_rows(source: str, reference: str) -> tuple[list[int], list[int]] | None:
    """Which rows of two sets of pictures have the same name, in the order of `reference`; None where none has, so that
    pairs are those of equal position. A warning says how many have no partner, or that no names are shared.

    A name is the path of a picture below its split, without its extension. Raises `ValueError` where less than half of
    the names are shared.
    """
    ours, theirs = _named(source), _named(reference)
    if ours is None or theirs is None:
        return None
    shared = [name for name in theirs if name in ours]
    if not shared:
        warnings.warn(
            f"no picture of {source} is named as one of {reference}; they are paired by position", stacklevel=3
        )
        return None
    fewest = min(len(ours), len(theirs))
    facts = (
        f"{len(shared)} names are shared by the {len(ours)} pictures of {source} and the {len(theirs)} of {reference}"
    )
    if len(shared) < SHARED * fewest:
        raise ValueError(f"only {facts}; name both sides alike, or nothing alike for pairs by position")
    if len(shared) < max(len(ours), len(theirs)):
        warnings.warn(f"{facts}; the others are left out", stacklevel=3)
    return [ours[name] for name in shared], [theirs[name] for name in shared]


def _named(source: str) -> dict[str, int] | None:
    """Row of each picture by name; None for data without names. `ValueError` where two names differ in their extension
    alone.
    """
    paths = picture_paths(source)
    if paths is None:
        return None
    rows = {PurePosixPath(path).with_suffix("").as_posix(): row for row, path in enumerate(paths)}
    if len(rows) < len(paths):
        raise ValueError(f"{source} holds pictures whose names differ in their extension alone; remove one of each")
    return rows
