"""From images to tables of features: once for all metrics, in batches that are all alike."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
import torch.distributed as dist
from tqdm import tqdm

Progress = bool | Callable[[str, int, int], None]  # a bar in the terminal or none; or called with what, done and total
BATCH = 64  # images; every batch is filled up to it, so that an image's features are the same bits wherever it stands


@dataclass(frozen=True)
class Features:
    """The features of N images: values float32 [N, D], and a classifier's logits float32 [N, K]."""

    values: np.ndarray
    logits: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.values)


class Extractor(Protocol):
    """A network that turns uint8 [N, H, W, C] into features float32 [N, D], and logits [N, K] or None."""

    name: str
    sha256: str  # of its weights
    layer: str  # where the features are taken
    resize: str  # how images of another size get to its own
    image_size: int | None  # pixels a side of what it was made for; None: any
    num_classes: int  # of its logits; 0 without
    facts: dict[str, object]  # what a protocol says of it besides

    def check(self, image_channels: int) -> None:
        """Raise `ValueError` for images that it cannot see."""

    def to(self, device: torch.device) -> None:
        """Move there."""

    def __call__(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]: ...


class Images(Protocol):
    """N images that can be had in parts, as uint8 [n, H, W, C]."""

    def __len__(self) -> int: ...

    def batch(self, start: int, stop: int) -> torch.Tensor: ...


def extract(
    images: Images, extractor: Extractor, description: str, progress: Progress = True, alone: bool = False
) -> Features:
    """The features of all `images`; several processes share the batches and each gets all features, unless one works
    `alone`.
    """
    show = progress if callable(progress) else None
    rank, processes = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() and not alone else (0, 1)
    starts = range(0, len(images), BATCH)[rank::processes]
    parts = {}
    with (
        tqdm(
            total=len(images), desc=description, unit="img", leave=False, disable=progress is not True or rank > 0
        ) as bar,
        torch.no_grad(),
    ):
        for start in starts:
            parts[start] = _features(images.batch(start, min(start + BATCH, len(images))), extractor)
            if show is not None:
                show(description, min(start + BATCH, len(images)), len(images))
            bar.update(min(BATCH * processes, len(images) - bar.n))
    return _join(_gathered(parts, processes))


def joined(one: Features, other: Features) -> Features:
    """The features of the same images seen twice, side by side, with the first logits."""
    return Features(np.concatenate([one.values, other.values], 1), one.logits)


def _features(pixels: torch.Tensor, extractor: Extractor) -> tuple[np.ndarray, np.ndarray | None]:
    count = len(pixels)
    full = torch.cat([pixels, pixels[-1:].expand(BATCH - count, -1, -1, -1)]) if count < BATCH else pixels
    values, logits = extractor(full)
    return tuple(None if table is None else table[:count].float().cpu().numpy() for table in (values, logits))


def _gathered(parts: dict, processes: int) -> dict:
    if processes == 1:
        return parts
    everyones: list = [None] * processes
    dist.all_gather_object(everyones, parts)
    return {start: part for one in everyones for start, part in one.items()}


def _join(parts: dict[int, tuple[np.ndarray, np.ndarray | None]]) -> Features:
    ordered = [parts[start] for start in sorted(parts)]
    logits = None if ordered[0][1] is None else np.concatenate([part[1] for part in ordered])
    return Features(np.concatenate([part[0] for part in ordered]), logits)


def join_processes() -> None:
    """Join the other processes of a launch (torchrun, accelerate launch), where there are some."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not dist.is_initialized():
        dist.init_process_group("gloo")


def compute_device() -> torch.device:
    """This process's accelerator, or the CPU."""
    if not torch.accelerator.is_available():
        return torch.device("cpu")
    torch.accelerator.set_device_index(int(os.environ.get("LOCAL_RANK", "0")))
    return torch.device(torch.accelerator.current_accelerator().type, torch.accelerator.current_device_index())
