"""The accuracy of a discriminator on training images, held-out images and fakes: the gap of the first two is
overfitting.
"""

from __future__ import annotations

from typing import Any

import torch

from .features import BATCH, Images
from .scores import Score, proportion


@torch.no_grad()
def accuracy(discriminator: Any, images: Images, real: bool) -> Score:
    """How many images, uint8 [n, H, W, C], lie on the right side of the discriminator's boundary, as a proportion."""
    discriminator.eval()
    boundary = discriminator.config.get("boundary", 0.0)
    right = 0
    for start in range(0, len(images), BATCH):
        pixels = images.batch(start, min(start + BATCH, len(images))).to(discriminator.device)
        logits = discriminator(pixels.permute(0, 3, 1, 2).to(discriminator.dtype).div(127.5).sub(1))
        right += int(((logits > boundary) == real).sum())
    return proportion(right, len(images))


def discriminator_accuracy(
    discriminator: Any, fakes: Images, trained: Images, held_out: Images | None
) -> dict[str, Score]:
    """The accuracy of a discriminator on fakes, on training images and on held-out images.

    Near 0.5 on all three means that generator and discriminator are balanced. Far better on training than on held-out
    images, the discriminator memorized its training set. Not for logits that only compare images, as those of the
    relativistic and the Wasserstein loss.
    """
    sides = {"fake": (fakes, False), "training": (trained, True)} | (
        {} if held_out is None else {"held_out": (held_out, True)}
    )
    return {
        f"discriminator_accuracy_{name}": accuracy(discriminator, images, real)
        for name, (images, real) in sides.items()
    }
