"""VQ-VAE (arXiv:1711.00937): an autoencoder whose latents are tokens of a codebook; `vqvae_prior` then samples them.

    hf-genimg train vqvae
    hf-genimg train vqvae quantizer=8,6,5

Cost: 70 s for 60,000 images of digits on one core.
Reached: a mean squared error of 0.0050 on the held-out digits, on [-1, 1] (29.1 dB), with 212 of 256 codes in use by
their perplexity.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from torch import nn

from ..models.vqvae import VQVAE
from ..objectives.quantized import VectorQuantized
from ._quantized import QuantizedRecipe, variance_of


@dataclass(frozen=True, kw_only=True)
class VQVAERecipe(QuantizedRecipe):
    """Image sizes that are multiples of 4, grey or colour: a token for each 4x4 pixels."""

    images: int = 60_000
    batch_size: int = 64
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    channels_last: bool = True
    latent_dim: int = 16
    width: int = 32  # channels; 128 in the paper
    data_variance: float | None = None  # of pixels on [-1, 1], which divides the squared error; none: as in the data

    left_to_data: ClassVar[tuple[str, ...]] = ("image_channels", "data_variance")

    def fitted(self, dataset: Any) -> Self:
        return replace(super().fitted(dataset), data_variance=self.data_variance or variance_of(dataset))

    def models(self) -> dict[str, nn.Module]:
        size = {"image_size": self.image_size, "image_channels": self.image_channels, "width": self.width}
        return {"autoencoder": VQVAE(**size, **self.codes())}

    def objective(self) -> VectorQuantized:
        return VectorQuantized(**self.quantized_parts(), variance=self.data_variance or 1.0)
