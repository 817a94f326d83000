"""VQ-VAE: an autoencoder whose latents are tokens of a codebook (arXiv:1711.00937, section 4.1; layers as in the
authors' library).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.codebook import make_quantizer
from ._tokens import TokenNetwork

BLOCKS = 2  # residual blocks of the encoder, and of the decoder
REDUCTION = 4  # pixels a side of what one token stands for


class VQVAE(TokenNetwork):
    """Strided 4x4 convolutions and residual blocks to a map of vectors, which are quantized; the same back."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 32,  # pixels a side, a multiple of 4
        image_channels: int = 3,  # 1 grey, 3 colour
        latent_dim: int = 64,  # dimensions of a code
        width: int = 128,  # channels; a quarter of it within residual blocks
        codebook_size: int = 512,
        quantizer: str = "ema",  # a codebook that moves by ema or by loss, or levels such as 8,6,5
    ) -> None:
        super().__init__()
        if image_size % REDUCTION or width % 4:
            raise ValueError(f"image_size={image_size} and width={width} must be multiples of 4")
        self.codebook = make_quantizer(quantizer, codebook_size, latent_dim)
        self.register_to_config(codebook_size=self.codebook.size)
        half, dim = width // 2, self.codebook.dim
        self.encoder = nn.Sequential(
            nn.Conv2d(image_channels, half, 4, 2, 1),
            nn.ReLU(),
            nn.Conv2d(half, width, 4, 2, 1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, 1, 1),
            *(_ResidualBlock(width) for _ in range(BLOCKS)),
            nn.ReLU(),
        )
        self.to_vectors = nn.Conv2d(width, dim, 1)
        self.decoder = nn.Sequential(
            nn.Conv2d(dim, width, 3, 1, 1),
            *(_ResidualBlock(width) for _ in range(BLOCKS)),
            nn.ReLU(),
            nn.ConvTranspose2d(width, half, 4, 2, 1),
            nn.ReLU(),
            nn.ConvTranspose2d(half, image_channels, 4, 2, 1),
        )

    @property
    def token_side(self) -> int:
        """Rows and columns of the tokens of an image."""
        return self.config.image_size // REDUCTION

    def vectors(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns what is quantized: float [N, D, H / 4, W / 4]."""
        return self.to_vectors(self.encoder(0.5 * images))

    def pixels(self, vectors: torch.Tensor) -> torch.Tensor:
        """vectors: float [N, D, H / 4, W / 4]. Returns images, float [N, C, H, W], which may leave [-1, 1]."""
        return 2 * self.decoder(vectors)


class _ResidualBlock(nn.Module):
    """ReLU, 3x3 to a quarter of the channels, ReLU, 1x1 back; added to what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(width, width // 4, 3, 1, 1), nn.Conv2d(width // 4, width, 1)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return maps + self.second(F.relu(self.first(F.relu(maps))))
