"""The images that a translator makes of the inputs of a data set, beside the targets of that data set."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ..data import open_pairs

CONDITIONS = ("mask", "style")  # of a batch beside `inputs`, which a pipeline takes by the same name


@dataclass(frozen=True)
class Targets:
    """The first `count` images that translations are compared with."""

    dataset: Any
    count: int
    labels: None = None

    def __len__(self) -> int:
        return self.count

    def batch(self, start: int, stop: int) -> torch.Tensor:
        """uint8 [stop - start, H, W, C]."""
        images = side_batch(self.dataset, "images", start, stop)["images"]
        return images.add(1).mul(127.5).round().to(torch.uint8).permute(0, 2, 3, 1)


@dataclass(frozen=True)
class Translations:
    """The translations of the first `count` inputs of a data set.

    pipeline: an `ImageTranslationPipeline`. dataset: pairs, or inputs and targets of different numbers.
    """

    pipeline: Any
    dataset: Any
    count: int
    labels: None = None

    def __len__(self) -> int:
        return self.count

    @property
    def image_size(self) -> int:
        """Pixels a side of the translations."""
        return self.pipeline.capabilities.image_size

    @property
    def image_channels(self) -> int:
        """1 (grey) or 3 (RGB)."""
        return self.pipeline.capabilities.image_channels

    @property
    def scale(self) -> int:
        """Size of the translations over that of the inputs."""
        return self.pipeline.capabilities.scale or 1

    @property
    def targets(self) -> Targets:
        """All images of the targets' side, or those of these pairs."""
        paired = number_of(self.dataset, "inputs") is None
        return Targets(self.dataset, self.count if paired else len_of(self.dataset, "images"))

    def batch(self, start: int, stop: int) -> torch.Tensor:
        """uint8 [stop - start, H, W, C]."""
        batch = side_batch(self.dataset, "inputs", start, stop)
        conditions = {name: batch[name] for name in CONDITIONS if name in batch}
        return self.pipeline(batch["inputs"], output_type="uint8", **conditions).images


def sides_of(dataset: Any) -> dict[str, int]:
    """How many items each independent side has."""
    return getattr(dataset, "sides", None) or {"images": len(dataset)}


def number_of(dataset: Any, side: str) -> int | None:
    """How many items a side of its own has; None where items of all sides belong together."""
    sides = sides_of(dataset)
    return sides.get(side) if len(sides) > 1 else None


def len_of(dataset: Any, side: str) -> int:
    """How many items of a side there are."""
    return number_of(dataset, side) or len(dataset)


def side_batch(dataset: Any, side: str, start: int, stop: int) -> dict[str, torch.Tensor]:
    """The items `start` to `stop` of one side, of a data set whose sides have indices of their own or share them."""
    indices = torch.arange(start, stop)
    sides = sides_of(dataset)
    if len(sides) == 1:
        return dataset.batch(indices)
    return dataset.batch({name: indices if name == side else indices[:0] for name in sides})


def open_translations(pipeline: Any, source: str, reference: str, num: int | None) -> Translations:
    """A translator, loaded from `source`, with the data that it translates; `ValueError` for too large a `num`."""
    able = pipeline.capabilities
    channels = {"image_channels": able.image_channels, "input_channels": pipeline.network.config.input_channels}
    dataset = open_pairs(reference, image_size=able.image_size, **channels, **_sides_of_run(Path(source)))
    available = len_of(dataset, "inputs")
    if num is not None and not 1 <= num <= available:
        raise ValueError(
            f"--num {num} is not possible with the {available} inputs of {reference}; use 1 to {available}"
        )
    return Translations(pipeline, dataset, num or available)


def _sides_of_run(run: Path) -> dict[str, str | None]:
    """Which columns or folders a run's recipe names as inputs and targets."""
    recipe = run / "recipe.json"
    fields = json.loads(recipe.read_text(encoding="utf-8"))["fields"] if recipe.is_file() else {}
    return {side: fields.get(side) for side in ("inputs", "targets")}
