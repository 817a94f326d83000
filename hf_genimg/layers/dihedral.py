"""The eight symmetries of the square, as an augmentation of pairs."""

from __future__ import annotations

import torch


def dihedral(images: torch.Tensor, number: int) -> torch.Tensor:
    """Symmetry `number`, from 0 to 7, of float [..., H, W]: turned by 90 degrees number % 4 times, from 4 on mirrored.

    Returns the same shape where H equals W, or where the number is even.
    """
    turned = torch.rot90(images, number % 4, (-2, -1))
    return turned.flip(-1) if number >= 4 else turned


def turn_together(inputs: torch.Tensor, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Turn and mirror each pair, both sides alike, with a symmetry from torch's global generator.

    inputs, images: float [N, C_in, h, h] and [N, C, H, H], square. Returns the same shapes.
    """
    numbers = torch.randint(8, (len(images),)).tolist()
    sides = (
        torch.stack([dihedral(image, n) for image, n in zip(side, numbers, strict=True)]) if len(side) else side
        for side in (inputs, images)
    )
    inputs, images = sides
    return inputs, images


def undone(images: torch.Tensor, number: int) -> torch.Tensor:
    """The inverse of `dihedral`: undone(dihedral(images, number), number) equals images."""
    turned = images.flip(-1) if number >= 4 else images
    return torch.rot90(turned, -(number % 4), (-2, -1))
