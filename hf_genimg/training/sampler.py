"""Which images come when: shuffled, without end, and known for any position without a state."""

from __future__ import annotations

from hashlib import blake2b

import torch


class ShuffledStream:
    """One player's endless, reshuffled pass over `size` images: what stands at a position depends on (seed, player,
    position) alone.
    """

    def __init__(self, size: int, seed: int, player: str) -> None:
        self.size, self.seed, self.player = size, seed, player
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.long)

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

    def _shuffled(self, epoch: int) -> torch.Tensor:
        if epoch != self._epoch:
            digest = blake2b(repr((self.seed, self.player, epoch)).encode(), digest_size=8).digest()
            generator = torch.Generator().manual_seed(int.from_bytes(digest, "big") >> 1)
            self._epoch, self._order = epoch, torch.randperm(self.size, generator=generator)
        return self._order
