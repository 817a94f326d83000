"""Which images come when: shuffled, without end, and known for any position without a state."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

import torch


def for_sides(sides: Mapping[str, int], indices: torch.Tensor) -> torch.Tensor | dict[str, torch.Tensor]:
    """`indices`, int64 [n], as a data set with these sides takes them: for each side, where there are several."""
    return indices if len(sides) == 1 else dict.fromkeys(sides, indices)


class ShuffledStream:
    """One player's endless, reshuffled pass over `size` images: what comes at a position depends on (seed, player,
    position) alone.
    """

    def __init__(self, size: int, seed: int, player: str) -> None:
        self.size, self.seed, self.player = size, seed, player
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.long)
        self._first_seed = _number((seed, player, "items")) >> 1  # so that no position overflows

    def indices(self, start: int, count: int) -> torch.Tensor:
        """The `count` image indices from position `start` on: int64 [count]. Each run of `size` positions holds every
        image once.
        """
        pieces = []
        while count > 0:
            epoch, offset = divmod(start, self.size)
            piece = self._shuffled(epoch)[offset : offset + count]
            pieces.append(piece)
            start, count = start + len(piece), count - len(piece)
        return torch.cat(pieces)

    def seeds(self, start: int, count: int) -> torch.Tensor:
        """Seeds of what is random about the items at `count` positions from `start` on: int64 [count]."""
        return torch.arange(start, start + count) + self._first_seed

    def _shuffled(self, epoch: int) -> torch.Tensor:
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(_number((self.seed, self.player, epoch)))
            self._epoch, self._order = epoch, torch.randperm(self.size, generator=generator)
        return self._order


def _number(key: tuple[int | str, ...]) -> int:
    """A whole number below 2^63 that stands for `key`."""
    return int.from_bytes(blake2b(repr(key).encode(), digest_size=8).digest(), "big") >> 1
