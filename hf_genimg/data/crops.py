"""Pictures of unequal sizes, of which squares are cut when they are read."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .randomness import CROP, item_generator


@dataclass(frozen=True, eq=False)
class CroppedImages:
    """Decoded pictures of unequal sizes; indexing gives the centre squares, `crops` random ones.

    Args:
        levels: uint8 [total], all pictures one after the other, each [h, w, C].
        sizes: int64 [N, 2], height and width of each.
        crop_size: side of the squares, in pixels; no picture is smaller.
        channels: C.
        multiple: random squares begin at multiples of so many pixels.
    """

    levels: np.ndarray = field(repr=False)
    sizes: np.ndarray = field(repr=False)
    crop_size: int
    channels: int
    multiple: int = 1
    _ends: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ends", np.cumsum(self.sizes.prod(axis=1) * self.channels))

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of all centre squares: [N, H, W, C]."""
        return len(self), self.crop_size, self.crop_size, self.channels

    @property
    def dtype(self) -> np.dtype:
        """uint8."""
        return self.levels.dtype

    def whole(self, index: int) -> np.ndarray:
        """One picture, uint8 [h, w, C]."""
        height, width = self.sizes[index]
        end = int(self._ends[index])
        return self.levels[end - height * width * self.channels : end].reshape(height, width, self.channels)

    def crops(self, indices: Sequence[int], seeds: Sequence[int] | None = None) -> np.ndarray:
        """One square of each: uint8 [n, crop_size, crop_size, C].

        seeds: one for each; where its square lies is drawn from it. None takes the centres.
        """
        found = np.empty((len(indices), *self.shape[1:]), np.uint8)
        for number, index in enumerate(indices):
            top, left = self._corner(index, None if seeds is None else seeds[number])
            found[number] = self.whole(index)[top : top + self.crop_size, left : left + self.crop_size]
        return found

    def _corner(self, index: int, seed: int | None) -> tuple[int, int]:
        room = (self.sizes[index] - self.crop_size) // self.multiple
        corner = room // 2 if seed is None else item_generator(seed, CROP).integers(0, room + 1)
        top, left = (int(place) * self.multiple for place in corner)
        return top, left

    def __getitem__(self, index: int | slice | Sequence[int] | np.ndarray) -> np.ndarray:
        """Centre squares: uint8 [crop_size, crop_size, C] for a number; one more axis for a slice or array."""
        if isinstance(index, slice):
            return self.crops(range(*index.indices(len(self))))
        if isinstance(index, Sequence | np.ndarray):
            return self.crops(np.arange(len(self))[np.asarray(index)].tolist())
        return self.crops([range(len(self))[operator.index(index)]])[0]
