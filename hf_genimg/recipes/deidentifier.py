"""Learned de-identification (after arXiv:1911.08348): another identity, with pose and coarse appearance kept.

    hf-genimg train deidentifier
    hf-genimg train deidentifier data=FACES image_size=32 embedders=EMBEDDER,EMBEDDER

FACES is labelled by person, EMBEDDER a run of `embedder` on it. Test with an embedder that is not among these, and with
one that was trained on de-identified images (benchmarks/privacy.py).

Cost: 0.32 s of CPU time for a step of 16 images of 32 pixels with three embedders on one x86-64 core: 60 s for 3,000.
Reached: ORL faces (the second command with three embedders, 3,152 images): an embedder that was trained apart finds
4.4 % of 160 held-out photographs (98.8 % as they are), but one that was trained on such images, with names, 88 %
(benchmarks/privacy.py). Pose and expression are there to be seen; a haze as of glasses lies over the eyes. Digits were
not changed yet by the first command after 1,500 images.
"""

from __future__ import annotations

from dataclasses import dataclass

from ._deidentifying import DeidentifyingRecipe


@dataclass(frozen=True, kw_only=True)
class DeidentifierRecipe(DeidentifyingRecipe):
    """Image sizes that are multiples of 8, from 16; grey or colour, with a label for each person."""

    image_size: int = 32
    images: int = 3_000
    batch_size: int = 16
    sample_images: int = 1_500
    ema_half_life: int = 500
    adam_beta1: float = 0.5
    learning_rate: float = 5e-4
