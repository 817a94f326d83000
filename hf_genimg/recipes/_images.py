"""What every recipe that learns from pictures shares: where they come from, and the optimizer of its players."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from torch import nn

from ..data import ImageDataset, available_splits, open_dataset, separate_split
from ..objectives.adversarial import Adversarial
from ..objectives.games import game_named
from ..pipelines.generation import ImageGenerationPipeline
from ..training.recipe import Recipe

HELD_OUT_SPLITS = ("test", "validation")  # the first of these that the data has is measured, never trained on


@dataclass(frozen=True, kw_only=True)
class ImageRecipe(Recipe):
    """A recipe whose data is a set of pictures."""

    flip: bool = False  # learn from the mirrored pictures too; wrong for letters and digits
    skip_bad: bool = False  # leave out pictures that cannot be read, and say how many
    upscale: bool = False  # accept pictures smaller than image_size
    adam_beta1: float = 0.9
    adam_beta2: float = 0.999

    def dataset(self, split: str | None = None) -> ImageDataset:
        return open_dataset(
            self.data if split is None else separate_split(self.data)[0],
            split=split,
            image_size=self.image_size,
            image_channels=self.image_channels,
            flip=self.flip,
            skip_bad=self.skip_bad,
            upscale=self.upscale,
        )

    def held_out(self) -> ImageDataset | None:
        if separate_split(self.data)[1] not in (None, "train"):
            return None  # trained on another split by the user's own wish: which one may be looked at is not ours to guess
        splits = [split for split in HELD_OUT_SPLITS if split in available_splits(self.data)]
        return replace(self, flip=False).dataset(splits[0]) if splits else None

    def optimizers(self, models: Mapping[str, nn.Module]) -> dict[str, torch.optim.Optimizer]:
        betas = (self.adam_beta1, self.adam_beta2)
        return {name: torch.optim.Adam(model.parameters(), self.learning_rate, betas=betas, fused=True) for name, model in models.items()}


@dataclass(frozen=True, kw_only=True)
class AdversarialRecipe(ImageRecipe):
    """A generator against a discriminator."""

    game: str = "non_saturating"  # or saturating
    n_critic: int = 1  # turns of the discriminator for each of the generator
    latent_dim: int = 100
    latent_distribution: str = "normal"  # normal, uniform or truncated
    adam_beta1: float = 0.5
    save_discriminator: bool = True  # keep it in the pipeline, for scores and for training on

    def objective(self) -> Adversarial:
        return Adversarial(game_named(self.game), self.n_critic)

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        discriminator = networks["discriminator"] if self.save_discriminator else None
        return ImageGenerationPipeline(generator=networks["generator"], discriminator=discriminator)

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=16, latent_dim=8)
