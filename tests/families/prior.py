"""An autoregressive prior over the tokens of a frozen first stage (arXiv:1711.00937, section 3.3, in miniature)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import register_to_config
from torch import nn

from hf_genimg.models._network import LatentNetwork, Network
from hf_genimg.objectives.base import Batch, Networks, Objective, Terms
from hf_genimg.pipelines.reconstruction import ImageReconstructionPipeline
from hf_genimg.recipes._images import ImageRecipe

SIDE, LEVELS = 4, 8


@dataclass(frozen=True)
class Tokens:
    """The posterior of a deterministic encoder: int64 [N, T]."""

    mean: torch.Tensor


class TokenAutoencoder(LatentNetwork):
    """4x4 tokens, each one of 8 grey levels; the levels are the weights."""

    @register_to_config
    def __init__(self, image_size: int = 8, image_channels: int = 1, latent_dim: int = SIDE**2) -> None:
        super().__init__()
        self.levels = nn.Parameter(torch.linspace(-1, 1, LEVELS))

    def sample_latents(self, num_images: int, generator: torch.Generator | None = None) -> torch.Tensor:
        return torch.randint(LEVELS, (num_images, SIDE**2), generator=generator)

    def encode(self, images: torch.Tensor) -> Tokens:
        means = F.adaptive_avg_pool2d(images.mean(1, keepdim=True), SIDE).flatten(1)
        return Tokens((means[:, :, None] - self.levels).abs().argmin(2))

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        maps = self.levels[latents.long()].view(-1, 1, SIDE, SIDE)
        size = self.config.image_size
        return F.interpolate(maps, (size, size)).expand(-1, self.config.image_channels, -1, -1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.decode(self.encode(images).mean)


class RecurrentPrior(Network):
    """A recurrent network that predicts each token from those before it."""

    @register_to_config
    def __init__(self, tokens: int = SIDE**2, levels: int = LEVELS, width: int = 16) -> None:
        super().__init__()
        self.embedding, self.cells = nn.Embedding(levels + 1, width), nn.GRU(width, width, batch_first=True)
        self.head = nn.Linear(width, levels)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """int64 [N, T] to logits, float [N, T, levels], of each token given those before it."""
        start = torch.full_like(tokens[:, :1], self.config.levels)
        hidden, _ = self.cells(self.embedding(torch.cat([start, tokens[:, :-1]], 1)))
        return self.head(hidden)

    @torch.no_grad()
    def sample_latents(
        self,
        num_images: int,
        generator: torch.Generator | list[torch.Generator] | None = None,
        class_labels: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """int64 [N, T]; image i draws from its own generator where there is a list."""
        sources = generator if isinstance(generator, list) else [generator] * num_images
        uniform = torch.stack([torch.rand(self.config.tokens, generator=source) for source in sources])
        token, state, chosen = torch.full((num_images, 1), self.config.levels, device=self.device), None, []
        for position in range(self.config.tokens):
            hidden, state = self.cells(self.embedding(token), state)
            cumulative = self.head(hidden[:, 0]).float().softmax(1).cumsum(1)
            below = (cumulative < uniform[:, position : position + 1].to(self.device)).sum(1, keepdim=True)
            token = below.clamp(max=self.config.levels - 1)
            chosen.append(token)
        return torch.cat(chosen, 1)


class NextToken(Objective):
    """The cross-entropy of each token, nats per token."""

    players = ("prior",)

    def prior(self, networks: Networks, batch: Batch) -> Terms:
        with torch.no_grad():
            tokens = networks["first_stage"].encode(batch["images"]).mean
        return {"cross_entropy": F.cross_entropy(networks["prior"](tokens).flatten(0, 1), tokens.flatten())}

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        return self.prior(networks, batch)


@dataclass(frozen=True, kw_only=True)
class PriorOfTokens(ImageRecipe):
    """Trained on top of a first stage, saved with it as one pipeline."""

    image_size: int = 8

    published: ClassVar[tuple[str, ...]] = ("prior",)

    def models(self) -> dict[str, nn.Module]:
        return {"prior": RecurrentPrior()}

    def frozen(self) -> dict[str, nn.Module]:
        return {"first_stage": TokenAutoencoder(self.image_size, self.image_channels or 1)}

    def objective(self) -> NextToken:
        return NextToken()

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        return ImageReconstructionPipeline(networks["first_stage"], prior=networks["prior"])
