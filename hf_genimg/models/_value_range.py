"""The range of images inside of a network: zero padding is grey in [-1, 1] and black in [0, 1]."""

from __future__ import annotations

import torch

VALUE_RANGES = ("-1,1", "0,1")


def check_value_range(value_range: str) -> None:
    """Raise `ValueError` for a range that is none of `VALUE_RANGES`."""
    if value_range not in VALUE_RANGES:
        raise ValueError(f"value_range={value_range!r} is not known; use one of {' and '.join(VALUE_RANGES)}")


def into(images: torch.Tensor, value_range: str) -> torch.Tensor:
    """From [-1, 1] to the range inside of a network."""
    return images if value_range == "-1,1" else images * 0.5 + 0.5


def out_of(images: torch.Tensor, value_range: str) -> torch.Tensor:
    """From the range inside of a network to [-1, 1]."""
    return images if value_range == "-1,1" else images * 2 - 1
