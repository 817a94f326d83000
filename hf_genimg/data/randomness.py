"""Random numbers of one item: a pure function of its seed and of what they are for."""

from __future__ import annotations

import numpy as np

CROP, CAPTION, DEGRADATION = range(3)  # what random numbers are for; each has a stream of its own
_MASK = (1 << 64) - 1


def item_generator(seed: int, purpose: int, step: int = 0) -> np.random.Generator:
    """The random numbers of one item. seed: any int64; purpose: CROP, CAPTION or DEGRADATION; step: its part."""
    return np.random.default_rng((int(seed) & _MASK, purpose, step))
