"""A generator and a discriminator conditioned on text (arXiv:1605.05396, in miniature): captions of digits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from hf_genimg.data import ImageDataset
from hf_genimg.models._network import LatentNetwork, Network
from hf_genimg.pipelines.text_to_image import TextToImagePipeline
from hf_genimg.recipes._adversarial import AdversarialRecipe

WORDS = ("", "a", "digit", "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LENGTH = 4


def tokenize(prompts: list[str]) -> torch.Tensor:
    """int64 [N, 4]; words that are not known count as none."""
    ids = [[WORDS.index(word) for word in prompt.lower().split() if word in WORDS][:LENGTH] for prompt in prompts]
    return torch.tensor([row + [0] * (LENGTH - len(row)) for row in ids])


class WordsGenerator(LatentNetwork):
    """Latents and the mean of the words' vectors, linear layers."""

    conditions = ("text",)

    @register_to_config
    def __init__(
        self,
        image_size: int = 8,
        image_channels: int = 1,
        latent_dim: int = 8,
        latent_distribution: str = "normal",
        width: int = 16,
    ) -> None:
        super().__init__()
        self.words = nn.Embedding(len(WORDS), width)
        pixels = image_channels * image_size**2
        self.layers = nn.Sequential(
            nn.Linear(latent_dim + width, width), nn.ReLU(), nn.Linear(width, pixels), nn.Tanh()
        )

    def tokenize(self, prompts: list[str]) -> torch.Tensor:
        return tokenize(prompts)

    def forward(self, latents: torch.Tensor, class_labels: None = None, *, text: torch.Tensor) -> torch.Tensor:
        pixels = self.layers(torch.cat([latents, self.words(text).mean(1)], 1))
        return pixels.view(-1, self.config.image_channels, self.config.image_size, self.config.image_size)


class WordsDiscriminator(Network):
    """Pixels and the mean of the words' vectors, linear layers."""

    conditions = ("text",)

    @register_to_config
    def __init__(self, image_size: int = 8, image_channels: int = 1, width: int = 16) -> None:
        super().__init__()
        self.words = nn.Embedding(len(WORDS), width)
        inputs = image_channels * image_size**2 + width
        self.layers = nn.Sequential(nn.Linear(inputs, width), nn.LeakyReLU(0.2), nn.Linear(width, 1))

    def forward(self, images: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        return self.layers(torch.cat([images.flatten(1), self.words(text).mean(1)], 1)).squeeze(1)


@dataclass(frozen=True, kw_only=True)
class Captioned(AdversarialRecipe):
    """Digits with captions such as "a digit seven"; a folder with captions does as well."""

    image_size: int = 8
    r1: float = 0.1

    @property
    def labelled(self) -> bool:
        return self.data == "digits"

    @property
    def captioned(self) -> bool:
        return self.data != "digits"

    def dataset(self, split: str | None = None) -> ImageDataset:
        found = super().dataset(split)
        if self.data == "digits":
            captions = [[f"a digit {WORDS[3 + label]}", WORDS[3 + label]] for label in found.labels]
            found = replace(found, labels=None, class_names=None, captions=captions)
        return found.with_tokenizer(tokenize)

    def models(self) -> dict[str, nn.Module]:
        size = {"image_size": self.image_size, "image_channels": self.image_channels}
        return {
            "generator": WordsGenerator(**size, latent_dim=self.latent_dim),
            "discriminator": WordsDiscriminator(**size),
        }

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        return TextToImagePipeline(networks["generator"], networks["discriminator"])

    def save_samples(self, pipeline: Any, path: Any, num_images: int) -> None:
        prompts = [f"a digit {word}" for word in WORDS[3:]]
        pipeline.save_grid(path, len(prompts), seed=0, prompt=prompts, overwrite=True)

    def smoke(self) -> Captioned:
        return replace(super().smoke(), image_size=8)
