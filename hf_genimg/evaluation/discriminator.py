"""What a discriminator makes of images it trained on, of others, and of fakes: the gap between the first two is
overfitting.
"""

from __future__ import annotations

from typing import Any

import torch

from .features import BATCH, Images
from .scores import Score
from .shares import share


@torch.no_grad()
def judged_right(discriminator: Any, images: Images, real: bool) -> Score:
    """The share of images on the right side of the discriminator's boundary, with its Wilson interval. Images are uint8
    [n, H, W, C].
    """
    discriminator.eval()
    boundary = discriminator.config.get("boundary", 0.0)
    right = 0
    for start in range(0, len(images), BATCH):
        pixels = images.batch(start, min(start + BATCH, len(images))).to(discriminator.device)
        logits = discriminator(pixels.permute(0, 3, 1, 2).to(discriminator.dtype).div(127.5).sub(1))
        right += int(((logits > boundary) == real).sum())
    return share(right / len(images), len(images))


def discriminator_accuracy(
    discriminator: Any, fakes: Images, trained: Images, held_out: Images | None
) -> dict[str, Score]:
    """How often a discriminator is right on fakes, on real images it may have trained on, and on real images that were
    held out.

    Near 0.5 on all three is a game in balance. Far better on trained than on held-out images, it knows its training set
    by heart. Not for a discriminator whose logits say how images compare, as after game=relativistic or wasserstein.
    """
    sides = {"fake": (fakes, False), "training": (trained, True)} | (
        {} if held_out is None else {"held_out": (held_out, True)}
    )
    return {
        f"discriminator_accuracy_{name}": judged_right(discriminator, images, real)
        for name, (images, real) in sides.items()
    }
