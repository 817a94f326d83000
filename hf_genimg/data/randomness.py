"""Random numbers of one item: a pure function of its seed and of what they are for."""

from __future__ import annotations

import numpy as np

CROP, CAPTION, DEGRADATION = range(3)  # what random numbers are for; each has a stream of its own
_MASK = (1 << 64) - 1


def item_generator(seed: int, purpose: int, step: int = 0) -> np.random.Generator:
    """The random numbers of one item. seed: any int64; purpose: CROP, CAPTION or DEGRADATION; step: its part."""
    return np.random.default_rng((int(seed) & _MASK, purpose, step))


def uniform_words(seeds: np.ndarray, count: int) -> np.ndarray:
    """`count` uniform 16-bit words for each seed: int64 [n] to uint16 [n, count].

    A counter through the mixer of SplitMix64 (Steele et al., OOPSLA 2014): `item_generator` takes longer to set up
    than to draw.
    """
    counters = np.arange(1, -(-count // 4) + 1, dtype=np.uint64)
    state = _mixed(seeds.astype(np.uint64))[:, None] + counters * np.uint64(0x9E3779B97F4A7C15)
    return _mixed(state).view(np.uint16)[:, :count]


def _mixed(words: np.ndarray) -> np.ndarray:
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
