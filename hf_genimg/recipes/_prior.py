"""What the recipes of priors share: the autoencoder that they are trained on, and one pipeline of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import torch
from torch import nn

from ..models.token_prior import TokenPrior
from ..objectives.prior import LatentLikelihood
from ..pipelines.loading import load_component
from ..pipelines.reconstruction import ImageReconstructionPipeline
from ..pipelines.sampling import example
from ._images import ImageRecipe
from ._labels import LabelledRecipe

MOST_FITTED = 10_000  # images whose latents a prior begins from
UNTRAINED = "untrained"  # the value of `model` in a smoke run


@dataclass(frozen=True, kw_only=True)
class PriorRecipe(LabelledRecipe, ImageRecipe):
    """A prior of the latents of an autoencoder that was trained before."""

    model: str | None = None  # the autoencoder: a run or pipeline directory, or a Hub id; untrained: random weights
    batch_size: int = 64
    schedule: str = "cosine"

    published: ClassVar[tuple[str, ...]] = ("prior",)
    first_stage: ClassVar[str]  # the recipe that such an autoencoder is trained by

    def check(self) -> None:
        super().check()
        train = f"hf-genimg train {self.first_stage}, then use model=runs/{self.first_stage}"
        self._require("model", self.model is not None, f"is no autoencoder to train a prior for; {train}")
        config = self.autoencoder().config
        size, channels = config.image_size, config.image_channels
        self._require("image_size", self.image_size == size, f"is not that of model={self.model}; use {size}")
        fits = self.image_channels in (None, channels)
        self._require("image_channels", fits, f"is not that of model={self.model}; use {channels}")

    def autoencoder(self) -> nn.Module:
        """The first stage, on the CPU and with its weights also where networks are built on the meta device."""
        with torch.device("cpu"), torch.random.fork_rng([]):
            if self.model == UNTRAINED:
                torch.manual_seed(self.seed)  # the same weights each time
                return self.untrained_autoencoder()
            return load_component(self.model, "autoencoder")

    def untrained_autoencoder(self) -> nn.Module:
        """A small one with random weights, to try a prior out."""
        raise NotImplementedError

    def reading(self) -> dict[str, Any]:
        return {**super().reading(), "image_channels": self.autoencoder().config.image_channels}

    def frozen(self) -> dict[str, nn.Module]:
        return {"first_stage": self.autoencoder()}

    def objective(self) -> LatentLikelihood:
        return LatentLikelihood()

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        return ImageReconstructionPipeline(autoencoder=networks["first_stage"], prior=networks["prior"])

    def smoke(self) -> Self:
        return replace(super().smoke(), model=self.model or UNTRAINED)


@dataclass(frozen=True, kw_only=True)
class TokenPriorRecipe(PriorRecipe):
    """A transformer over the tokens of a quantized autoencoder."""

    learning_rate: float = 2e-3
    adam_beta2: float = 0.95
    weight_decay: float = 0.01  # of the weights of linear layers
    width: int = 64
    depth: int = 3  # blocks
    heads: int = 4
    dropout: float = 0.0  # of the embedding and of what each block adds
    temperature: float = 1.0  # of the samples: below 1 more usual, and less varied
    top_k: int | None = None  # samples only the k most probable tokens; none: all
    top_p: float = 1.0  # samples only the most probable tokens that have this probability together; 1: all

    def check(self) -> None:
        super().check()
        self._require("depth", self.depth > 0, "must be above 0")
        self._require("weight_decay", self.weight_decay >= 0, "must be at least 0")
        if example(self.autoencoder()).is_floating_point():
            raise ValueError(f"model={self.model} has latents that are no tokens; use a run of {self.first_stage}")

    def models(self) -> dict[str, nn.Module]:
        autoencoder = self.autoencoder()
        latents = {"tokens": example(autoencoder).shape[1], "codebook_size": autoencoder.config.codebook_size}
        names = ("width", "depth", "heads", "dropout", "temperature", "top_k", "top_p")
        settings = {name: getattr(self, name) for name in names}
        return {"prior": TokenPrior(**latents, num_classes=self.sizes()["num_classes"], **settings)}

    def optimizers(self, models: Mapping[str, nn.Module]) -> dict[str, torch.optim.Optimizer]:
        prior = models["prior"]
        decayed = [layer.weight for layer in prior.modules() if isinstance(layer, nn.Linear)]
        others = [weight for weight in prior.parameters() if all(weight is not each for each in decayed)]
        groups = [{"params": decayed, "weight_decay": self.weight_decay}, {"params": others, "weight_decay": 0.0}]
        settings = {"betas": (self.adam_beta1, self.adam_beta2), "fused": self.fused_optimizer}
        return {"prior": torch.optim.AdamW(groups, self.learning_rate, **settings)}

    def smoke(self) -> Self:
        return replace(super().smoke(), width=8, depth=2, heads=2)


@dataclass(frozen=True, kw_only=True)
class VectorPriorRecipe(PriorRecipe):
    """A prior of the latents of an autoencoder that are vectors."""

    learning_rate: float = 1e-3
    conditional: bool = False

    def check(self) -> None:
        super().check()
        self._require("conditional", not self.conditional, "is not possible for this prior; leave it out")
        autoencoder = self.autoencoder()
        if not example(autoencoder).is_floating_point():
            raise ValueError(f"model={self.model} has latents that are tokens; use a prior of tokens, as vqvae_prior")
        if autoencoder.conditions:
            raise ValueError(
                f"model={self.model} is conditioned on {', '.join(autoencoder.conditions)}; use one without"
            )

    def latent_size(self) -> int:
        """Dimensions of the latents."""
        return example(self.autoencoder()).shape[1]

    @torch.no_grad()
    def latents(self) -> torch.Tensor:
        """The means of the posteriors of at most 10,000 images, evenly spaced: float [N, latent_dim], on the CPU."""
        autoencoder, dataset = self.autoencoder().eval(), replace(self, flip=False).dataset()
        places = torch.linspace(0, len(dataset) - 1, min(len(dataset), MOST_FITTED)).long()
        return torch.cat([autoencoder.encode(dataset.batch(part)["images"]).mean.float() for part in places.split(256)])
