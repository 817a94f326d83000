"""Dynamic binarization: each pixel is black or white, with its grey level as the probability of white."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch

from .dataset import ImageDataset
from .fingerprint import key_of
from .randomness import uniform_words

THRESHOLDS = np.round(np.arange(256) * 65_536 / 255).astype(np.uint32)  # of 65,536, how many words make a pixel white


@dataclass(frozen=True, eq=False)
class BinarizedDataset(ImageDataset):
    """An `ImageDataset` whose pixels are black or white, sampled anew from the seed of each item (arXiv:1509.00519,
    section 5.1); without seeds from its index, so that held-out images are always the same.
    """

    def pixels(self, indices: torch.Tensor, seeds: torch.Tensor | None = None) -> torch.Tensor:
        levels = super().pixels(indices, seeds).numpy()
        words = uniform_words((indices.cpu() if seeds is None else seeds).numpy(), levels[0].size)
        white = words.reshape(levels.shape) < THRESHOLDS[levels]
        return torch.from_numpy(white.view(np.uint8) * np.uint8(255))


def binarized(dataset: ImageDataset) -> BinarizedDataset:
    """The same images, binarized."""
    given = {field.name: getattr(dataset, field.name) for field in fields(dataset) if field.init}
    return BinarizedDataset(**{**given, "fingerprint": key_of(dataset.fingerprint, "binarized")})
