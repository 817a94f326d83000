"""Convolutional VAE (arXiv:1312.6114): strided convolutions with batch norm; samples, encodes and reconstructs.

    hf-genimg train conv_vae
    hf-genimg train conv_vae data=MNIST images=300000

Cost: 107 s for 200,000 images of digits on two x86-64 cores, and 213 s for 300,000 of MNIST with other work on the same
cores.
Reached: a negative evidence lower bound of 99.49 nats per image on MNIST's 10,000 test images after five epochs; on
digits a classifier has a probability above 0.8 for 89 percent of 1,000 samples, and 95 percent of the held-out images
(benchmarks/readable_digits.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._privacy import PrivateRecipe
from ._variational import Convolutional, VariationalRecipe


@dataclass(frozen=True, kw_only=True)
class ConvVAERecipe(Convolutional, VariationalRecipe, PrivateRecipe):
    """Image sizes 28, 32, 64 and 128, grey or colour."""

    images: int = 200_000
    batch_size: int = 128
    width: int = 32  # channels of the encoder's first map; 128 is the usual width for MNIST
    normalization: str = "batch"  # or group, as dp_noise needs

    def sizes(self) -> dict[str, Any]:
        return {**super().sizes(), "normalization": self.normalization}
