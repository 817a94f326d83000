"""Means of the loss terms between two lines of the log, and the watch for numbers that are no numbers."""

from __future__ import annotations

import math
import time

import torch


class Meter:
    """Sums terms on their device, so that nothing waits for them, and reads them when a line is due."""

    def __init__(self) -> None:
        self.sums: dict[str, torch.Tensor] = {}
        self.updates: dict[str, int] = {}
        self._since, self._images = time.monotonic(), 0

    def add(self, player: str, terms: dict[str, torch.Tensor]) -> None:
        """Take in one turn of `player`."""
        for term, value in terms.items():
            name = f"{player}/{term}"
            self.sums[name] = self.sums[name] + value if name in self.sums else value
            self.updates[name] = self.updates.get(name, 0) + 1

    def means(self, images: int) -> dict[str, float]:
        """The mean of each term so far; `FloatingPointError` names the one that stopped being a number."""
        means = {name: value.item() / self.updates[name] for name, value in self.sums.items()}
        for name, mean in means.items():
            if not math.isfinite(mean):
                raise FloatingPointError(f"{name} became {mean} before image {images:,}")
        return means

    def start_line(self, images: int) -> float:
        """Forget the terms and begin the next line at `images`; returns the images per second of the line that ends."""
        now = time.monotonic()
        rate = (images - self._images) / max(now - self._since, 1e-9)
        self.sums, self.updates, self._since, self._images = {}, {}, now, images
        return rate

    def state(self) -> dict[str, list[float]]:
        """What a checkpoint keeps of an unfinished line."""
        return {name: [value.item(), self.updates[name]] for name, value in self.sums.items()}

    def restore(self, state: dict[str, list[float]], images: int, device: torch.device) -> None:
        """Continue the line of `state`."""
        self.start_line(images)
        self.sums = {name: torch.tensor(total, device=device) for name, (total, _) in state.items()}
        self.updates = {name: int(updates) for name, (_, updates) in state.items()}
