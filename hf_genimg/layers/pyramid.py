"""Sides and channels of the maps of networks that double them up to the image."""

from __future__ import annotations

IMAGE_SIZES = (8, 16, 28, 32, 64, 128, 256, 512, 1024)


def sides_of(image_size: int, family: str) -> list[int]:
    """Sides of the maps in pixels, the smallest first: doublings from 4, or for 28 from 7.

    Raises `ValueError`, which names the family, for a size that is not reached so.
    """
    if image_size not in IMAGE_SIZES:
        raise ValueError(
            f"image_size={image_size} is not a size that {family} makes; use one of {', '.join(map(str, IMAGE_SIZES))}"
        )
    first = 7 if image_size == 28 else 4
    return [first << doubling for doubling in range((image_size // first).bit_length())]


def channels_of(side: int, width: int, capacity: int) -> int:
    """Channels of maps with `side` pixels a side: `capacity` over the side, from 1 to `width`."""
    return max(1, min(capacity // side, width))
