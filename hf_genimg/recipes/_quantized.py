"""What the recipes of quantized autoencoders share: the codebook, and a grid of reconstructions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import nn

from ..layers.codebook import LEARNED, levels_of
from ..pipelines.images import grid, to_pil, to_uint8
from ..pipelines.provenance import save_png
from ..pipelines.reconstruction import ImageReconstructionPipeline
from ._images import ImageRecipe

MOST_MEASURED = 2_000  # images of which the variance of the data is taken


@dataclass(frozen=True, kw_only=True)
class QuantizedRecipe(ImageRecipe):
    """An autoencoder whose latents are tokens; a prior is trained on top of it."""

    ema_half_life: int = 0  # the codebook belongs to the last weights
    latent_dim: int = 64  # dimensions of a code
    quantizer: str = "ema"  # a codebook that moves by ema or by loss; or levels such as 8,6,5: FSQ (arXiv:2309.15505)
    codebook_size: int | None = None  # codes; none: 256, or as many as the levels make
    commitment: float = 0.25  # weight of the distance of the encoder's vectors to their codes
    restart_below: float | None = None  # codes with less than this share of the mean assignments move to random vectors
    # of the batch; 0: none do; none: 0.05 for a codebook

    published: ClassVar[tuple[str, ...]] = ("autoencoder",)

    def check(self) -> None:
        super().check()
        if self.quantizer not in LEARNED:
            levels_of(self.quantizer)
            for name in ("codebook_size", "restart_below"):
                self._require(name, getattr(self, name) is None, f"has no effect with quantizer={self.quantizer}")

    def codes(self) -> dict[str, Any]:
        """The arguments of an autoencoder for its quantizer."""
        return {
            "latent_dim": self.latent_dim,
            "codebook_size": self.codebook_size or 256,
            "quantizer": self.quantizer,
        }

    def quantized_parts(self) -> dict[str, Any]:
        """The arguments of an objective for its quantizer."""
        learned = self.quantizer in LEARNED
        share = (0.05 if self.restart_below is None else self.restart_below) if learned else 0.0
        size = self.codebook_size or 256
        return {"size": size, "dim": self.latent_dim, "commitment": self.commitment, "restart_below": share}

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        return ImageReconstructionPipeline(autoencoder=networks["autoencoder"])

    def save_samples(self, pipeline: Any, path: Path, num_images: int) -> None:
        """Pairs of the first images that are held out, or of the first at all, and their reconstructions."""
        images = self.held_out() or replace(self, flip=False).dataset()
        count = min(len(images), max(1, num_images // 2))
        given = images.batch(torch.arange(count))["images"]
        made = pipeline.reconstruct(given, "uint8").cpu()
        pairs = torch.stack([to_uint8(given), made], 1).flatten(0, 1)
        settings = {"reconstructed": True, "num_images": count}
        save_png(grid(to_pil(pairs), 8), path, pipeline.provenance(**settings), overwrite=True)

    def smoke(self) -> Self:
        learned = {"codebook_size": 8} if self.quantizer in LEARNED else {}
        return replace(super().smoke(), latent_dim=4, width=8, **learned)


def variance_of(dataset: Any) -> float:
    """The variance of the pixels on [-1, 1] of a data set, of at most 2,000 of its images, evenly spaced."""
    places = torch.linspace(0, len(dataset) - 1, min(len(dataset), MOST_MEASURED)).long()
    parts = [dataset.batch(part)["images"].double() for part in places.split(256)]
    count = sum(part.numel() for part in parts)
    mean = sum(part.sum() for part in parts) / count
    variance = sum((part - mean).square().sum() for part in parts) / count
    return max(variance.item(), 1e-6)
