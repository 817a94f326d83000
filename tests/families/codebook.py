"""A vector-quantized autoencoder whose codebook is a moving average (arXiv:1711.00937, appendix A.1, in miniature)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import register_to_config
from torch import nn

from hf_genimg.models._network import LatentNetwork
from hf_genimg.objectives.base import Batch, Networks, Objective, Terms
from hf_genimg.pipelines.reconstruction import ImageReconstructionPipeline
from hf_genimg.recipes._images import ImageRecipe

DECAY = 0.9


class Codebook(nn.Module):
    """K vectors; each moves once per update towards the mean of what was assigned to it, over all processes."""

    def __init__(self, codes: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("vectors", torch.randn(codes, dim))
        self.register_buffer("sums", torch.cat([self.vectors, torch.ones(codes, 1)], 1))
        self.register_buffer("gathered", torch.zeros(codes, dim + 1), persistent=False)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """float [N, D] to the nearest codes, float [N, D]; gradients pass straight through."""
        nearest = torch.cdist(vectors.float(), self.vectors).argmin(1)
        if self.training:
            ones = torch.ones(len(vectors), 1, device=vectors.device)
            with torch.no_grad():
                self.gathered.index_add_(0, nearest, torch.cat([vectors.detach().float(), ones], 1))
        return vectors + (self.vectors[nearest] - vectors).detach()

    @torch.no_grad()
    def after_update(self) -> None:
        self.sums.lerp_(self.gathered, 1 - DECAY)
        self.vectors.copy_(self.sums[:, :-1] / self.sums[:, -1:].clamp_min(1e-5))


@dataclass(frozen=True)
class Codes:
    """The posterior of a deterministic encoder."""

    mean: torch.Tensor


class CodebookAutoencoder(LatentNetwork):
    """Linear layers around the codebook."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 8,
        image_channels: int = 1,
        latent_dim: int = 4,
        latent_distribution: str = "normal",
        codes: int = 16,
    ) -> None:
        super().__init__()
        pixels = image_channels * image_size**2
        self.encoder, self.decoder = nn.Linear(pixels, latent_dim), nn.Linear(latent_dim, pixels)
        self.codebook = Codebook(codes, latent_dim)

    def encode(self, images: torch.Tensor) -> Codes:
        return Codes(self.codebook(self.encoder(images.flatten(1))))

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        config = self.config
        return self.decoder(latents).view(-1, config.image_channels, config.image_size, config.image_size).tanh()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.decode(self.encode(images).mean)


class Quantized(Objective):
    """Squared error, and the encoder's distance to its codes."""

    players = ("autoencoder",)

    def autoencoder(self, networks: Networks, batch: Batch) -> Terms:
        autoencoder, images = networks["autoencoder"], batch["images"]
        vectors = autoencoder.encoder(images.flatten(1))
        codes = autoencoder.codebook(vectors)
        return {
            "reconstruction": F.mse_loss(autoencoder.decode(codes), images),
            "commitment": F.mse_loss(vectors, codes.detach()),
        }

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        return {"mse": F.mse_loss(networks["autoencoder"](batch["images"]), batch["images"])}


@dataclass(frozen=True, kw_only=True)
class Quantization(ImageRecipe):
    """Digits of 8 pixels."""

    image_size: int = 8
    latent_dim: int = 4

    published: ClassVar[tuple[str, ...]] = ("autoencoder",)

    def models(self) -> dict[str, nn.Module]:
        size = {"image_size": self.image_size, "image_channels": self.image_channels}
        return {"autoencoder": CodebookAutoencoder(**size, latent_dim=self.latent_dim)}

    def objective(self) -> Quantized:
        return Quantized()

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        return ImageReconstructionPipeline(autoencoder=networks["autoencoder"])
