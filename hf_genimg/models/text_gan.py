"""DF-GAN (arXiv:2008.05865): one generator whose layers are all modulated by latents and text, and a discriminator that
compares image and text. The text encoder is learned with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.latents import check_latent_distribution
from ..layers.residual import repeated
from ..layers.text import LONGEST, TextEncoder, Tokenizer
from ._network import LatentNetwork, Network, refuse_labels

IMAGE_SIZES = (16, 32, 64, 128, 256)
WIDEST = 8  # times `width`: channels of the smallest maps


def channels_of(width: int, image_size: int) -> list[int]:
    """Channels of the maps from `image_size` down to 4x4."""
    if image_size not in IMAGE_SIZES:
        raise ValueError(
            f"image_size={image_size} is not a size that TextGAN makes; use one of {', '.join(map(str, IMAGE_SIZES))}"
        )
    return [width * min(2**level, WIDEST) for level in range(image_size.bit_length() - 2)]


class _Affine(nn.Module):
    """A gain and an offset for each channel, each by two layers from the condition; at first 1 and 0 (section 3.3)."""

    def __init__(self, condition_dim: int, channels: int) -> None:
        super().__init__()
        self.gain, self.offset = (
            nn.Sequential(nn.Linear(condition_dim, channels), nn.ReLU(), nn.Linear(channels, channels))
            for _ in range(2)
        )
        for layers, bias in ((self.gain, 1.0), (self.offset, 0.0)):
            nn.init.zeros_(layers[-1].weight)
            nn.init.constant_(layers[-1].bias, bias)

    def forward(self, maps: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        return self.gain(condition)[:, :, None, None] * maps + self.offset(condition)[:, :, None, None]


class _Fusion(nn.Module):
    """Affine, leaky ReLU, affine, leaky ReLU: the deep text-image fusion of the paper."""

    def __init__(self, condition_dim: int, channels: int) -> None:
        super().__init__()
        self.first, self.second = _Affine(condition_dim, channels), _Affine(condition_dim, channels)

    def forward(self, maps: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        maps = F.leaky_relu(self.first(maps, condition), 0.2)
        return F.leaky_relu(self.second(maps, condition), 0.2)


class _UpBlock(nn.Module):
    """Twice the size, fusion, 3x3, fusion, 3x3; beside it 1x1 where the channels change."""

    def __init__(self, condition_dim: int, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.first_fusion, self.second_fusion = (
            _Fusion(condition_dim, in_channels),
            _Fusion(condition_dim, out_channels),
        )
        self.first = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.second = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.shortcut = nn.Conv2d(in_channels, out_channels, 1) if in_channels != out_channels else nn.Identity()

    def forward(self, maps: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        maps = repeated(maps)
        branch = self.first(self.first_fusion(maps, condition))
        return self.second(self.second_fusion(branch, condition)) + self.shortcut(maps)


class _DownBlock(nn.Module):
    """A residual block to half the size, whose branch begins with no weight."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 4, 2, 1, bias=False),
            nn.LeakyReLU(0.2),
            nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False),
            nn.LeakyReLU(0.2),
        )
        self.shortcut = nn.Conv2d(in_channels, out_channels, 1) if in_channels != out_channels else nn.Identity()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return F.avg_pool2d(self.shortcut(maps), 2) + self.weight * self.branch(maps)


class TextGANGenerator(LatentNetwork):
    """Latents to 4x4 maps, and blocks to `image_size`, each modulated by latents and sentence vector; tanh."""

    conditions = ("text",)

    @register_to_config
    def __init__(
        self,
        image_size: int = 64,  # pixels a side: 16, 32, 64, 128 or 256
        image_channels: int = 3,  # 1 grey, 3 colour
        latent_dim: int = 100,
        text_dim: int = 256,  # numbers in a sentence vector
        width: int = 32,  # channels of the largest map
        vocabulary: Sequence[str] = (),  # the words that are known
        examples: Sequence[str] = (),  # captions of the training data, to show what can be asked for
        latent_distribution: str = "normal",  # normal, uniform or truncated
    ) -> None:
        super().__init__()
        check_latent_distribution(latent_distribution)
        channels = channels_of(width, image_size)[::-1]
        self.text_encoder = TextEncoder(len(vocabulary), text_dim)
        self.first = nn.Linear(latent_dim, channels[0] * 16)
        self.blocks = nn.ModuleList(_UpBlock(latent_dim + text_dim, *pair) for pair in pairwise(channels))
        self.last = nn.Conv2d(channels[-1], image_channels, 3, padding=1)

    @property
    def example_prompts(self) -> tuple[str, ...]:
        """Captions of its training data."""
        return tuple(self.config.examples)

    @property
    def tokenizer(self) -> Tokenizer:
        """From texts to the token ids of this network's vocabulary."""
        return Tokenizer(self.config.vocabulary, LONGEST)

    def tokenize(self, prompts: list[str]) -> torch.Tensor:
        """Token ids int64 [N, T]; warns of unknown words, and raises `ValueError` where a prompt has no other."""
        tokenizer = self.tokenizer
        tokenizer.check(prompts)
        return tokenizer(prompts)

    def encode_text(self, tokens: torch.Tensor) -> torch.Tensor:
        """Sentence vectors, float [N, text_dim], of token ids int64 [N, T]."""
        return self.text_encoder(tokens)

    def forward(
        self, latents: torch.Tensor, class_labels: None = None, *, text: torch.Tensor | None = None
    ) -> torch.Tensor:
        """latents: float [N, latent_dim]; text: token ids int64 [N, T] or sentence vectors float [N, text_dim], such as
        lie between those of two texts; None: no words.

        Returns images: float [N, C, H, W] in [-1, 1].
        """
        refuse_labels(class_labels)
        text = latents.new_zeros(latents.shape[0], 1, dtype=torch.int64) if text is None else text
        sentences = text.to(latents.dtype) if text.is_floating_point() else self.text_encoder(text)
        maps = self.first(latents).unflatten(1, (-1, 4, 4))
        condition = torch.cat([latents, sentences], 1)
        for block in self.blocks:
            maps = block(maps, condition)
        return self.last(F.leaky_relu(maps, 0.2)).tanh()


class TextGANDiscriminator(Network):
    """Residual blocks to 4x4, then the sentence vector at each position, and one logit: does the image fit the text?"""

    conditions = ("text",)

    @register_to_config
    def __init__(
        self,
        image_size: int = 64,  # pixels a side: 16, 32, 64, 128 or 256
        image_channels: int = 3,  # 1 grey, 3 colour
        text_dim: int = 256,  # numbers in a sentence vector
        width: int = 32,  # channels of the largest map
        vocabulary: Sequence[str] = (),  # the words that are known
        contrast_dim: int = 0,  # numbers in the vectors that images and texts are contrasted by; 0: none
    ) -> None:
        super().__init__()
        channels = channels_of(width, image_size)
        self.text_encoder = TextEncoder(len(vocabulary), text_dim)
        self.first = nn.Conv2d(image_channels, width, 3, padding=1)
        self.blocks = nn.Sequential(*(_DownBlock(*pair) for pair in pairwise(channels)))
        self.head = nn.Sequential(
            nn.Conv2d(channels[-1] + text_dim, 2 * width, 3, padding=1, bias=False),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 1, 4, bias=False),
        )
        if contrast_dim:
            self.image_vector = nn.Linear(channels[-1] * 16, contrast_dim)
            self.text_vector = nn.Linear(text_dim, contrast_dim)

    def encode_text(self, tokens: torch.Tensor) -> torch.Tensor:
        """Sentence vectors, float [N, text_dim], of token ids int64 [N, T]."""
        return self.text_encoder(tokens)

    def encode_images(self, images: torch.Tensor) -> torch.Tensor:
        """Maps, float [N, channels, 4, 4], of images, float [N, C, H, W] in [-1, 1]."""
        return self.blocks(self.first(images))

    def compare(self, maps: torch.Tensor, sentences: torch.Tensor) -> torch.Tensor:
        """Logits, float [N], of maps and sentence vectors."""
        tiled = sentences[:, :, None, None].expand(-1, -1, *maps.shape[2:])
        return self.head(torch.cat([maps, tiled], 1)).flatten()

    def vectors(self, maps: torch.Tensor, sentences: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Vectors of length 1, float [N, contrast_dim] each, of maps and of sentence vectors (arXiv:2101.04702)."""
        images = self.image_vector(F.leaky_relu(maps, 0.2).flatten(1))
        return F.normalize(images.float(), dim=1), F.normalize(self.text_vector(sentences).float(), dim=1)

    def forward(self, images: torch.Tensor, text: torch.Tensor | None = None) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]; text: token ids int64 [N, T]; None: no words. Returns logits [N]."""
        text = torch.zeros(len(images), 1, dtype=torch.int64, device=images.device) if text is None else text
        return self.compare(self.encode_images(images), self.text_encoder(text))
