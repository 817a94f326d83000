"""What every recipe that learns from pictures shares: where they come from, and the optimizer of its players."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import torch
from torch import nn

from ..data import MAX_PIXELS, ImageDataset, available_splits, decoding, open_dataset, separate_split
from ..objectives.adversarial import Adversarial
from ..objectives.regularizers import POINTS
from ..objectives.variational import Variational
from ..pipelines.generation import ImageGenerationPipeline
from ..pipelines.reconstruction import ImageReconstructionPipeline
from ..training.recipe import Recipe
from ._cures import Cures

HELD_OUT_SPLITS = ("test", "validation")  # the first of these that the data has is measured, never trained on


@dataclass(frozen=True, kw_only=True)
class ImageRecipe(Recipe):
    """A recipe whose data is a set of pictures."""

    flip: bool = False  # learn from the mirrored pictures too; wrong for letters and digits
    skip_bad: bool = False  # leave out pictures that cannot be read, and say how many
    upscale: bool = False  # accept pictures smaller than image_size
    fit: str = "crop"  # how pictures become square: crop (the centre), pad (with white) or stretch
    random_crop: bool = False  # cut squares of image_size from larger pictures, at random places while training
    crop_from: int | None = None  # pixels that the shorter side keeps for random_crop; none: 4 times image_size
    max_pixels: int = MAX_PIXELS  # refuse pictures with more
    max_level: int | None = None  # white, in pictures with 16 bits a level (4095 for 12 bits); none: 65535
    image_column: str | None = None  # of a table with several columns of pictures; none: found
    label_column: str | None = None  # of a table or metadata.csv, the classes; none: label or labels
    text_column: str | None = None  # of a table or metadata.csv, the captions; none: text, caption or prompt
    adam_beta1: float = 0.9
    adam_beta2: float = 0.999
    fused_optimizer: bool = (
        True  # one kernel for all weights; false: one call for each operation, for devices that lack it
    )

    @property
    def labelled(self) -> bool:
        """Whether the classes of the pictures are learned from."""
        return False

    @property
    def captioned(self) -> bool:
        """Whether the captions of the pictures are learned from."""
        return False

    def dataset(self, split: str | None = None) -> ImageDataset:
        return open_dataset(
            self.data if split is None else separate_split(self.data)[0],
            split=split,
            labels=self.labelled,
            captions=self.captioned,
            label_column=self.label_column if self.labelled else None,
            text_column=self.text_column if self.captioned else None,
            skip_bad=self.skip_bad,
            **self.reading(),
        )

    def reading(self) -> dict[str, Any]:
        """How pictures are found and decoded, of every kind of data."""
        names = ("image_size", "image_channels", "image_column", "flip", "upscale")
        names += ("fit", "random_crop", "crop_from", "max_pixels", "max_level")
        return {name: getattr(self, name) for name in names}

    def held_out(self) -> ImageDataset | None:
        if separate_split(self.data)[1] not in (None, "train"):
            return (
                None  # trained on another split by the user's own wish: which one may be looked at is not ours to guess
            )
        splits = [split for split in HELD_OUT_SPLITS if split in self.splits()]
        return replace(self, flip=False).dataset(splits[0]) if splits else None

    def splits(self) -> list[str]:
        """Names of the splits of `data`."""
        return available_splits(self.data)

    def check(self) -> None:
        super().check()
        for name in ("adam_beta1", "adam_beta2"):
            self._require(name, 0 <= getattr(self, name) < 1, "must be at least 0 and below 1")
        crops = {"fit": self.fit, "random_crop": self.random_crop, "crop_from": self.crop_from}
        decoding(self.image_size, max_pixels=self.max_pixels, max_level=self.max_level, **crops)
        for name, used in (("label_column", self.labelled), ("text_column", self.captioned)):
            self._require(name, used or getattr(self, name) is None, "is not used by this recipe; leave it out")

    def optimizers(self, models: Mapping[str, nn.Module]) -> dict[str, torch.optim.Optimizer]:
        betas = (self.adam_beta1, self.adam_beta2)
        settings = {"lr": self.learning_rate, "betas": betas, "fused": self.fused_optimizer}
        return {name: torch.optim.Adam(model.parameters(), **settings) for name, model in models.items()}


@dataclass(frozen=True, kw_only=True)
class AdversarialRecipe(Cures, ImageRecipe):
    """A generator against a discriminator."""

    game: str = "non_saturating"  # saturating, least_squares, hinge, wasserstein or relativistic
    r1: float = 0.0  # weight gamma of the zero-centred penalty on real images; 0: none
    r2: float = 0.0  # the same on fakes
    penalty_every: int = 1  # compute r1 and r2 in one of so many updates, with as many times the weight
    gradient_penalty: float = 0.0  # weight of the one-centred penalty of WGAN-GP; 0: none
    gradient_penalty_points: str = "between"  # real and fake images, or dragan: around the real ones
    one_sided: bool = False  # the gradient penalty lets slopes below 1 be
    weight_clipping: float | None = None  # the discriminator's weights stay within this distance of 0
    diff_augment: str | None = (
        None  # show the discriminator changed images: color, translation, cutout, joined with commas
    )
    n_critic: int = 1  # turns of the discriminator for each of the generator
    latent_dim: int = 100
    latent_distribution: str = "normal"  # normal, uniform or truncated
    adam_beta1: float = 0.5
    save_discriminator: bool = True  # keep it in the pipeline, for scores and for training on

    def check(self) -> None:
        super().check()
        for name in ("r1", "r2", "gradient_penalty"):
            self._require(name, getattr(self, name) >= 0, "must be at least 0")
        self._require("penalty_every", self.penalty_every > 0, "must be above 0")
        self.check_cures()
        points = self.gradient_penalty_points
        self._require("gradient_penalty_points", points in POINTS, f"is not known; use one of {', '.join(POINTS)}")
        if self.game == "wasserstein" and not self.gradient_penalty and self.weight_clipping is None:
            warnings.warn(
                "game=wasserstein needs a critic of bounded slope; set gradient_penalty=10 or weight_clipping=0.01",
                stacklevel=2,
            )

    def objective(self) -> Adversarial:
        return Adversarial(**self.game_parts())

    def game_parts(self) -> dict[str, Any]:
        """What an adversarial objective is composed of."""
        return {**self.cured_game(), "n_critic": self.n_critic, "labelled": self.labelled}

    def networks(self) -> dict[str, nn.Module]:
        return self.cured(self.models())

    def optimizers(self, models: Mapping[str, nn.Module]) -> dict[str, torch.optim.Optimizer]:
        return {name: self.player_optimizer(name, optimizer) for name, optimizer in super().optimizers(models).items()}

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        discriminator = networks["discriminator"] if self.save_discriminator else None
        return ImageGenerationPipeline(generator=networks["generator"], discriminator=discriminator)

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=16, latent_dim=8)


@dataclass(frozen=True, kw_only=True)
class VariationalRecipe(ImageRecipe):
    """An autoencoder whose latents are a standard normal: it samples, encodes and reconstructs."""

    images: int = 600_000
    batch_size: int = 128
    learning_rate: float = 2e-3
    latent_dim: int = 20
    likelihood: str = "bernoulli"  # or gaussian
    beta: float = 1.0  # weight of the KL divergence; above 1: beta-VAE
    sigma: float = 1.0  # standard deviation of a pixel, on [-1, 1], when the likelihood is gaussian

    published: ClassVar[tuple[str, ...]] = ("autoencoder",)

    def objective(self) -> Variational:
        return Variational(self.likelihood, self.beta, self.sigma)

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        return ImageReconstructionPipeline(autoencoder=networks["autoencoder"])

    def smoke(self) -> Self:
        return replace(super().smoke(), latent_dim=4, width=16)
