"""Shares of a number of images, with how sure they are."""

from __future__ import annotations

import math

from .scores import Score

Z = 1.96  # standard deviations on either side that hold 95 percent


def share(value: float, count: int) -> Score:
    """`value`, of 0 to 1, found on `count` images, with its Wilson interval (Wilson 1927)."""
    centre = (value + Z**2 / (2 * count)) / (1 + Z**2 / count)
    error = Z * math.sqrt(value * (1 - value) / count + Z**2 / (4 * count**2)) / (1 + Z**2 / count)
    low, high = (
        0.0 if value == 0 else centre - error,
        1.0 if value == 1 else centre + error,
    )  # exactly, whatever rounding leaves
    return Score(value, max(0.0, low), min(1.0, high))
