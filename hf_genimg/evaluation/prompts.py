"""What a model conditioned on text is asked for when it is scored: the captions of the reference, as in DF-GAN
(arXiv:2008.05865, section 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..data import open_dataset, separate_split
from ..data.digit_captions import with_digit_captions

DIGITS = "digits"
NOTE = "captions of the reference"  # in protocols


def takes_text(pipeline: Any) -> bool:
    """Whether a pipeline needs prompts."""
    return hasattr(pipeline, "capabilities") and pipeline.capabilities.text


def reference_prompts(pipeline: Any, reference: str, count: int, seed: int) -> tuple[str, ...] | None:
    """`count` captions of the reference; None for a model that takes no text.

    Raises:
        ValueError: the reference has no captions.
    """
    if not takes_text(pipeline):
        return None
    able = pipeline.capabilities
    size = {"image_size": able.image_size, "image_channels": able.image_channels, "upscale": True}
    if separate_split(reference)[0] == DIGITS:
        found = open_dataset(reference, labels=True, **size)
        return first_captions(with_digit_captions(found, found).captions, count, seed)
    try:
        found = open_dataset(reference, captions=True, **size)
    except ValueError as error:
        raise ValueError(
            f"{pipeline.model_name} makes images of texts, and needs a reference with them: {error}"
        ) from error
    return first_captions(found.captions, count, seed)


def first_captions(captions: Sequence[Sequence[str]], count: int, seed: int) -> tuple[str, ...]:
    """The first caption of `count` images, in an order drawn from the seed; each comes once before any comes twice."""
    generator = np.random.default_rng(seed)
    rounds = -(-count // len(captions))
    rows = np.concatenate([generator.permutation(len(captions)) for _ in range(rounds)])[:count]
    return tuple(captions[row][0] for row in rows)
