"""What a run does besides learning. A callback is called at image counts and leaves the trained tensors exactly as
without it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from .device import seed_noise
from .sampler import for_sides

if TYPE_CHECKING:
    from .state import Run


class Callback:
    """Called with the run each time `every` more images have been learned from (None: only then), and at the end."""

    name: str
    every: int | None

    def __call__(self, run: Run) -> None:
        raise NotImplementedError

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps of it: anything JSON holds."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""


class Samples(Callback):
    """A grid of what the recipe shows, by default images from fixed seeds: `samples/<images>.png`."""

    name = "samples"

    def __init__(self, every: int, num_images: int = 64) -> None:
        self.every, self.num_images = every, num_images

    def __call__(self, run: Run) -> None:
        run.directory.samples.mkdir(exist_ok=True)
        path = run.directory.samples / f"{run.images:012d}.png"
        run.recipe.save_samples(run.pipeline(), path, self.num_images)


class HeldOut(Callback):
    """The objective's terms on images that were not trained on, as `held_out/...` in the log."""

    name = "held_out"

    def __init__(self, every: int | None, dataset: Any, batch_size: int = 256) -> None:
        self.every, self.dataset, self.batch_size = every, dataset, batch_size

    @torch.no_grad()
    def __call__(self, run: Run) -> None:
        totals: dict[str, float] = {}
        networks = run.published()
        for network in networks.values():
            network.eval()
        length = min(self.dataset.sides.values())
        for number, indices in enumerate(torch.arange(length).split(self.batch_size)):
            seed_noise("held out", run.recipe.seed, number)
            chosen = for_sides(self.dataset.sides, indices)
            batch = self.dataset.batch(chosen, run.accelerator.device, run.recipe.channels_last)
            for name, value in run.objective.held_out(networks, batch).items():
                totals[name] = totals.get(name, 0.0) + value.item() * len(indices)
        means = {f"held_out/{name}": total / length for name, total in totals.items()}
        for name, mean in means.items():
            if not math.isfinite(mean):
                raise FloatingPointError(f"{name} is {mean} at image {run.images:,}")
        run.log(means)


@contextmanager
def undisturbed(networks: Iterable[nn.Module], device: torch.device) -> Iterator[None]:
    """Put random state and training modes back as they were found."""
    modes = {module: module.training for network in networks for module in network.modules()}
    accelerated = device.type in ("cuda", "xpu")
    devices, kind = ([device.index or 0], device.type) if accelerated else ([], "cuda")
    try:
        with torch.random.fork_rng(devices, device_type=kind):
            yield
    finally:
        for module, training in modes.items():
            module.training = training
