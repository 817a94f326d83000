"""The accuracy of a discriminator on training images, held-out images and fakes: the gap of the first two is
overfitting.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from .features import BATCH, Images
from .scores import Score, proportion


@torch.no_grad()
def logits_of(discriminator: Any, images: Images, rows: np.ndarray | None = None) -> Iterator[torch.Tensor]:
    """The logits of images, uint8 [n, H, W, C], batch by batch; of those at the ascending `rows` alone where given."""
    discriminator.eval()
    for start in range(0, len(images), BATCH):
        stop = min(start + BATCH, len(images))
        wanted = np.arange(start, stop) if rows is None else rows[(rows >= start) & (rows < stop)]
        if len(wanted):
            pixels = images.batch(start, stop)[torch.from_numpy(wanted - start)].to(discriminator.device)
            yield discriminator(pixels.permute(0, 3, 1, 2).to(discriminator.dtype).div(127.5).sub(1))


def accuracy(discriminator: Any, images: Images, real: bool) -> Score:
    """How many images, uint8 [n, H, W, C], lie on the right side of the discriminator's boundary, as a proportion."""
    boundary = discriminator.config.get("boundary", 0.0)
    right = sum(int(((logits > boundary) == real).sum()) for logits in logits_of(discriminator, images))
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
