"""Images with transparency for networks that know none: composited over a background."""

from __future__ import annotations

import torch


def over(images: torch.Tensor, background: torch.Tensor | float) -> torch.Tensor:
    """Composite premultiplied images over a background (Porter and Duff, SIGGRAPH 1984).

    Args:
        images: float [N, 4, H, W] in [-1, 1]: colour times alpha, and alpha, where -1 is 0.
        background: colour in [-1, 1]: float, or [N, 3, 1, 1] or [N, 3, H, W].

    Returns:
        float [N, 3, H, W] in [-1, 1].
    """
    colour, alpha = images.split([3, 1], 1)
    return colour + (1 - alpha) / 2 * (1 + background)


def over_random(*images: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Composite batches with transparency over one random colour for each place in the batch, the same in all batches;
    images without transparency are returned as they are.

    A network that sees colours only then sees transparency too: no fixed background would show a wrong alpha.
    """
    if images[0].shape[1] != 4:
        return images
    count, like = len(images[0]), images[0]
    background = torch.rand(count, 3, 1, 1, device=like.device, dtype=like.dtype) * 2 - 1
    return tuple(over(each, background) for each in images)
