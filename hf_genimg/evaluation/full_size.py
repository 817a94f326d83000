"""Pairs of pictures at their own sizes, as benchmarks of super-resolution and restoration score them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from ..data import DegradedDataset, PairedDataset, open_dataset, to_float
from .translations import open_sides

FULL = "full"  # in place of an image size: each picture at its own
LARGEST_SIDE = 2**16  # pixels: shorter sides are never reduced to it
_AS_THEY_ARE = {"fit": "crop", "random_crop": True, "crop_from": LARGEST_SIDE}  # pictures keep shape and size
Images = list[torch.Tensor]  # uint8 [H, W, C] each


def translated_at_full_size(
    pipeline: Any, source: str, reference: str, num: int | None
) -> tuple[Images, Images, PairedDataset | DegradedDataset]:
    """The translations of inputs at their own sizes, their targets, and the data set; arguments as of
    `open_translations`.

    A target whose sides are no multiple of the model's `scale` loses its last rows and columns, before it is degraded.

    Raises:
        ValueError: the model has one size, the data are no pairs, or an input does not fit its target.
    """
    able = pipeline.capabilities
    if not able.any_size:
        raise ValueError(
            f"--image-size {FULL} is not possible with {source}, which translates images of {able.image_size} pixels; "
            "leave it out"
        )
    sizes = {"image_size": able.scale, "input_size": 1}  # the smallest that fit together
    dataset = open_sides(pipeline, source, reference, paired=True, upscale=True, **_AS_THEY_ARE, **sizes)
    made, targets = [], []
    for inputs, target, more in _whole_pairs(dataset, able.scale, count_of(num, len(dataset), reference)):
        if tuple(side * able.scale for side in inputs.shape[:2]) != target.shape[:2]:
            raise ValueError(
                f"{reference} has an input of {_size(inputs)} pixels with a target of {_size(target)}, but the images "
                f"of {source} are {able.scale} times the size of its inputs"
            )
        batch = to_float(torch.from_numpy(inputs)[None], "cpu", False)
        made.append(pipeline(batch, output_type="uint8", **more).images[0].cpu())
        targets.append(torch.from_numpy(target))
    return made, targets, dataset


def at_full_size(source: str, image_channels: int | None, progress: bool) -> tuple[Images, Any]:
    """All pictures of DATA at their own sizes, and the data set."""
    dataset = open_dataset(source, image_size=1, image_channels=image_channels, progress=progress, **_AS_THEY_ARE)
    return [torch.from_numpy(dataset.images.whole(row)) for row in range(len(dataset))], dataset


def count_of(num: int | None, available: int, reference: str) -> int:
    """How many pairs are scored; `ValueError` for more than there are."""
    if num is not None and not 1 <= num <= available:
        raise ValueError(f"--num {num} is not possible with the {available} pairs of {reference}; use 1 to {available}")
    return num or available


def _whole_pairs(
    dataset: PairedDataset | DegradedDataset, scale: int, count: int
) -> Iterator[tuple[np.ndarray, np.ndarray, dict[str, torch.Tensor]]]:
    """Input and target, uint8 [h, w, C_in] and [H, W, C], and perhaps the mask."""
    for row in range(count):
        target = dataset.targets.images.whole(row)
        height, width = (side // scale * scale for side in target.shape[:2])
        target = target[:height, :width]
        if isinstance(dataset, PairedDataset):
            yield dataset.inputs.images.whole(row), target, {}
            continue
        more = {}
        if dataset.degradation.masks:
            mask = dataset.degradation.mask(target.shape[:2], row)
            more["mask"] = torch.from_numpy(mask)[None, None].float()
        yield dataset.degradation(np.ascontiguousarray(target), row), target, more


def _size(image: np.ndarray) -> str:
    return f"{image.shape[1]}x{image.shape[0]}"
