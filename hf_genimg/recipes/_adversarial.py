"""What the recipes of GANs share: the loss, its regularization, latents, pipeline."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import torch
from torch import nn

from ..objectives.adversarial import Adversarial
from ..objectives.regularizers import POINTS
from ..pipelines.generation import ImageGenerationPipeline
from ._freezing import without_first_layers
from ._images import ImageRecipe
from ._stabilization import Stabilization


@dataclass(frozen=True, kw_only=True)
class AdversarialRecipe(Stabilization, ImageRecipe):
    """A generator against a discriminator."""

    loss: str = "non_saturating"  # saturating, least_squares, hinge, wasserstein or relativistic
    r1: float = 0.0  # weight gamma of the zero-centred penalty on real images; 0: none
    r2: float = 0.0  # the same on fakes
    penalty_every: int = 1  # compute r1 and r2 in one of so many updates, with as many times the weight
    gradient_penalty: float = 0.0  # weight of the one-centred penalty of WGAN-GP; 0: none
    gradient_penalty_points: str = "between"  # real and fake images, or dragan: around the real ones
    one_sided: bool = False  # gradient norms below 1 have no penalty
    weight_clipping: float | None = None  # the discriminator's weights stay within this distance of 0
    diff_augment: str | None = None  # differentiable augmentation: color, translation, cutout, joined with commas
    freeze: int = 0  # with init: the discriminator's first layers that stay as they are (FreezeD)
    n_critic: int = 1  # updates of the discriminator for each of the generator
    latent_dim: int = 100
    latent_distribution: str = "normal"  # normal, uniform or truncated
    adam_beta1: float = 0.5
    save_discriminator: bool = True  # keep it in the pipeline, for scores and for training on

    transparency: ClassVar[bool] = True

    def check(self) -> None:
        super().check()
        for name in ("r1", "r2", "gradient_penalty"):
            self._require(name, getattr(self, name) >= 0, "must be at least 0")
        self._require("penalty_every", self.penalty_every > 0, "must be above 0")
        self.check_stabilization()
        self._require("freeze", self.freeze >= 0, "must be at least 0")
        self._require("freeze", not self.freeze or self.init, "needs init=, the model whose first layers stay")
        points = self.gradient_penalty_points
        self._require("gradient_penalty_points", points in POINTS, f"is not known; use one of {', '.join(POINTS)}")
        if self.loss == "wasserstein" and not self.gradient_penalty and self.weight_clipping is None:
            warnings.warn(
                "loss=wasserstein needs a bound on the critic's Lipschitz constant; set gradient_penalty=10 or "
                "weight_clipping=0.01",
                stacklevel=2,
            )

    def objective(self) -> Adversarial:
        return Adversarial(**self.objective_parts())

    def objective_parts(self) -> dict[str, Any]:
        """What an adversarial objective is composed of."""
        return {**self.adversarial_parts(), "n_critic": self.n_critic, "conditional": self.labelled}

    def networks(self) -> dict[str, nn.Module]:
        return self.stabilized(self.models())

    def optimizers(self, models: Mapping[str, nn.Module]) -> dict[str, torch.optim.Optimizer]:
        made = {name: self.player_optimizer(name, optimizer) for name, optimizer in super().optimizers(models).items()}
        if self.freeze:
            without_first_layers(made["discriminator"], models["discriminator"], self.freeze)
        return made

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        discriminator = networks["discriminator"] if self.save_discriminator else None
        if discriminator is not None:
            discriminator.register_to_config(boundary=self.gan_loss().boundary)  # for those who score with it
        return ImageGenerationPipeline(generator=networks["generator"], discriminator=discriminator)

    def smoke(self) -> Self:
        return replace(super().smoke(), image_size=16, latent_dim=8)
