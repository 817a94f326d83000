"""What is scored: a model's images, made as they are needed, or the images of a data set."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..data import ImageDataset, is_labelled, open_dataset
from ..data.decode import BadPicture
from ..pipelines.drawing import draw
from ..pipelines.loading import HUB_ID, INDEX, NETWORK, RECIPE, load_any

CHUNK = 1000  # images whose labels are drawn at a time
MOST = 50_000  # images that are made where nobody says how many: as many as scores are usually taken of


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

    def __len__(self) -> int:
        return self.count

    def batch(self, start: int, stop: int) -> torch.Tensor:
        """uint8 [stop - start, H, W, C]."""
        if hasattr(self.pipeline, "capabilities"):
            return self.pipeline(stop - start, seed=self.seed + start, output_type="uint8").images
        generators = [torch.Generator().manual_seed(self.seed + number) for number in range(start, stop)]
        images = self.pipeline(batch_size=stop - start, generator=generators, output_type="np").images
        return torch.from_numpy((images * 255).round().astype(np.uint8))

    @property
    def labels(self) -> np.ndarray | None:
        """The class that each image was asked to be of, int64 [N]; None where the model takes no classes."""
        able = getattr(self.pipeline, "capabilities", None)
        if able is None or not able.num_classes:
            return None
        starts = range(0, self.count, CHUNK)
        sizes = [(start, min(CHUNK, self.count - start)) for start in starts]
        drawn = [
            draw(self.pipeline.network, able.num_classes, num_images=n, seed=self.seed + start) for start, n in sizes
        ]
        return torch.cat([part.class_labels for part in drawn]).numpy()


@dataclass(frozen=True)
class DataImages:
    """The first `count` images of a data set."""

    dataset: ImageDataset
    count: int

    def __len__(self) -> int:
        return self.count

    def batch(self, start: int, stop: int) -> torch.Tensor:
        """uint8 [stop - start, H, W, C]."""
        return torch.from_numpy(np.asarray(self.dataset.images[start:stop]))

    @property
    def labels(self) -> np.ndarray | None:
        """int64 [N]; None where the data have none."""
        return None if self.dataset.labels is None else self.dataset.labels[: self.count]


FakeImages = ModelImages | DataImages


def open_model(source: str, count: int, seed: int, device: torch.device) -> ModelImages:
    """A model as a source of images; `ValueError` for one that needs pictures to make pictures."""
    pipeline = load_any(source)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.to(device)
    size, channels = _size_of(pipeline, source)
    return ModelImages(pipeline, count, seed, size, channels)


def _size_of(pipeline: Any, source: str) -> tuple[int, int]:
    if hasattr(pipeline, "capabilities"):
        able = pipeline.capabilities
        if able.task not in ("generation", "reconstruction"):
            raise ValueError(
                f"{source} is a model for {able.task}, which makes no images by itself; score it with --paired, or name a generator"
            )
        return able.image_size, able.image_channels
    config = next(
        (part.config for part in pipeline.components.values() if "sample_size" in getattr(part, "config", {})), None
    )
    if config is None:
        raise ValueError(
            f"{source} ({type(pipeline).__name__}) does not say how large its images are; give an unconditional pipeline"
        )
    return config["sample_size"], config.get("out_channels", 3)


def open_data(
    source: str,
    image_size: int,
    image_channels: int | None,
    count: int | None,
    progress: bool,
    *,
    upscale: bool = False,
) -> DataImages:
    """A data set as a source of images, decoded at `image_size`; `ValueError` when it has fewer than `count`.

    upscale: smaller pictures are enlarged, as they are for a model of larger ones, instead of refused.
    """
    how = {"image_size": image_size, "image_channels": image_channels, "progress": progress}
    try:
        dataset = _with_labels(source, **how)
    except BadPicture:  # one is smaller; a set of large enough ones keeps the fingerprint that training gave it
        if not upscale:
            raise
        dataset = _with_labels(source, upscale=True, **how)
    if count is not None and count > len(dataset):
        raise ValueError(f"{source} has {len(dataset)} images, fewer than --num {count}; use at most {len(dataset)}")
    return DataImages(dataset, count or len(dataset))


def _with_labels(source: str, **how: Any) -> ImageDataset:
    """Labelled where that is possible: labels that are wrong are no obstacle to what needs none."""
    if is_labelled(source):
        with suppress(ValueError):
            return open_dataset(source, labels=True, **how)
    return open_dataset(source, **how)
