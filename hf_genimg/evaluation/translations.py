"""The images that a translator makes of the inputs of a data set, beside the targets of that data set."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ..data import DegradedDataset, PairedDataset, UnpairedDataset, open_pairs, open_unpaired
from ..faults import one_line

CONDITIONS = {"mask": "mask", "style": "style", "labels": "class_labels"}  # of a batch: a pipeline's name for it
FIELDS = (  # of a recipe, which say how its data are read
    *("inputs", "targets", "input_size", "image_column", "fit", "random_crop", "crop_from"),
    *("upscale", "max_pixels", "max_level"),
)
TranslationData = PairedDataset | DegradedDataset | UnpairedDataset


@dataclass(frozen=True)
class Translations:
    """The translations of the first `count` inputs of a data set.

    pipeline: an `ImageTranslationPipeline`. dataset: pairs, or inputs and targets of different numbers.
    """

    pipeline: Any
    dataset: TranslationData
    count: int
    labels: None = None

    def __len__(self) -> int:
        return self.count

    @property
    def image_size(self) -> int:
        """Pixels a side of the translations."""
        return self.dataset.image_size

    @property
    def image_channels(self) -> int:
        """1 (grey) or 3 (RGB)."""
        return self.pipeline.capabilities.image_channels

    @property
    def scale(self) -> int:
        """Size of the translations over that of the inputs."""
        return self.pipeline.capabilities.scale

    def batch(self, start: int, stop: int) -> torch.Tensor:
        """uint8 [stop - start, H, W, C]."""
        batch = side_batch(self.dataset, "inputs", start, stop)
        if len(batch.get("labels", batch["inputs"])) != len(batch["inputs"]):  # those of targets, which are no partners
            batch |= self.dataset.targets.labels_of(torch.arange(start, stop) % len(self.dataset.targets))
        conditions = {called: batch[name] for name, called in CONDITIONS.items() if name in batch}
        seed = {"seed": start} if self.pipeline.capabilities.latents else {}
        return self.pipeline(batch["inputs"], output_type="uint8", **conditions, **seed).images

    def targets(self, start: int, stop: int) -> torch.Tensor:
        """uint8 [stop - start, H, W, C]: the images of the targets' side."""
        images = side_batch(self.dataset, "images", start, stop)["images"]
        return images.add(1).mul(127.5).round().to(torch.uint8).permute(0, 2, 3, 1)


def number_of_inputs(dataset: TranslationData) -> int:
    """How many inputs there are."""
    return dataset.sides.get("inputs", dataset.sides["images"])


def side_batch(dataset: TranslationData, side: str, start: int, stop: int) -> dict[str, torch.Tensor]:
    """The items `start` to `stop` of one side, of a data set whose sides have indices of their own or share them."""
    indices = torch.arange(start, stop)
    if len(dataset.sides) == 1:
        return dataset.batch(indices)
    return dataset.batch({name: indices if name == side else indices[:0] for name in dataset.sides})


def as_two_sides(dataset: TranslationData) -> UnpairedDataset:
    """The same data without saying which input belongs to which target, for what compares all with all."""
    if isinstance(dataset, UnpairedDataset):
        return dataset
    return UnpairedDataset(dataset.targets, dataset.inputs if isinstance(dataset, PairedDataset) else dataset)


def open_translations(pipeline: Any, source: str, reference: str, num: int | None, *, paired: bool) -> Translations:
    """A translator, loaded from `source`, with the data that it translates, read as its run read them.

    paired: whether each input must have a target of its own. Raises `ValueError` for data that are no such sides, and
    for too large a `num`.
    """
    able = pipeline.capabilities
    dataset = open_sides(pipeline, source, reference, paired=paired, image_size=able.image_size)
    available = number_of_inputs(dataset)
    if num is not None and not 1 <= num <= available:
        raise ValueError(
            f"--num {num} is not possible with the {available} inputs of {reference}; use 1 to {available}"
        )
    return Translations(pipeline, dataset, num or available)


def open_sides(pipeline: Any, source: str, reference: str, *, paired: bool, **reading: Any) -> TranslationData:
    """The data that a translator is scored on. reading: how pictures are decoded, in place of what its run says.

    The inputs of a model that enlarges, and that no run says more of, are the targets reduced by its scale.
    Raises `ValueError` for data whose targets are not `scale` times the size of their inputs.
    """
    scale, config = pipeline.capabilities.scale, pipeline.network.config
    fields = {"image_channels": config.image_channels, "input_channels": config.input_channels}
    fields |= _fields_of_run(Path(source)) or ({"inputs": f"downscale:{scale}"} if scale > 1 else {})
    fields |= reading
    dataset = (open_pairs if paired else open_unpaired)(reference, **fields)
    if dataset.image_size != scale * dataset.input_size:
        raise ValueError(
            f"the targets of {reference} have {dataset.image_size} pixels a side and their inputs "
            f"{dataset.input_size}, but the images of {source} are {scale} times the size of its inputs; use other data"
        )
    return dataset


def _fields_of_run(run: Path) -> dict[str, Any]:
    """How a run's recipe reads its data; nothing where there is no run."""
    fields = recipe_fields(run)
    return {name: fields[name] for name in FIELDS if name in fields}


def recipe_fields(run: Path) -> dict[str, Any]:
    """The fields of a run's recipe; none where there is no run.

    Raises:
        ValueError: recipe.json is damaged, in one line.
    """
    recipe = run.expanduser() / "recipe.json"
    if not recipe.is_file():
        return {}
    with one_line(f"{recipe} is damaged"):
        return dict(json.loads(recipe.read_text(encoding="utf-8"))["fields"])
