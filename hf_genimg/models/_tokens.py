"""What autoencoders with a codebook share: images to tokens and back."""

from __future__ import annotations

import torch
from torch import nn

from ..layers.codebook import Tokens, draw_tokens
from ._network import LatentNetwork


class TokenNetwork(LatentNetwork):
    """A subclass has a `codebook`, `token_side`, `vectors` (from images) and `pixels` (from vectors)."""

    codebook: nn.Module
    token_side: int

    def encode(self, images: torch.Tensor) -> Tokens:
        """images: float [N, C, H, W] in [-1, 1]. Returns their tokens, row by row: int64 [N, T]."""
        return Tokens(self.codebook(self.vectors(images)).tokens.flatten(1))

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """latents: tokens, int64 [N, T]. Returns images: float [N, C, H, W] in [-1, 1]."""
        side = self.token_side
        vectors = self.codebook.lookup(latents.long().view(-1, side, side))
        return self.pixels(vectors.to(self.dtype)).clamp(-1, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns reconstructions, likewise."""
        return self.decode(self.encode(images).mean)

    def sample_latents(self, num_images: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Sample tokens independently, each as often as in training: int64 [num_images, T]. A prior does better."""
        return draw_tokens(self.codebook.usage.frequencies, (num_images, self.token_side**2), generator)
