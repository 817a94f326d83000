"""A translator with latents and a class (BicycleGAN, arXiv:1711.11586, in miniature, its latent regression alone)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import register_to_config
from torch import nn

from hf_genimg.models._network import Network, TranslationNetwork
from hf_genimg.objectives.base import Batch, Networks, Objective, Terms
from hf_genimg.pipelines.translation import ImageTranslationPipeline
from hf_genimg.recipes._translation import TranslationRecipe


class SmallBicycle(TranslationNetwork):
    """Convolutions over the input, with latents and class as constant maps beside it."""

    conditions = ("inputs", "labels", "latents")
    halo = 2

    @register_to_config
    def __init__(
        self,
        image_size: int = 16,
        image_channels: int = 1,
        input_channels: int = 1,
        latent_dim: int = 2,
        num_classes: int = 10,
        width: int = 8,
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(input_channels + latent_dim + num_classes, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, image_channels, 3, padding=1),
            nn.Tanh(),
        )

    def forward(self, inputs: torch.Tensor, *, class_labels: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
        classes = F.one_hot(class_labels, self.config.num_classes).to(inputs.dtype)
        given = torch.cat([latents, classes], 1)[:, :, None, None]
        return self.layers(torch.cat([inputs, given.expand(-1, -1, *inputs.shape[2:])], 1))


class SmallEncoder(Network):
    """The mean of the latents that an image was made with."""

    @register_to_config
    def __init__(self, image_size: int = 16, image_channels: int = 1, latent_dim: int = 2) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(image_channels * image_size**2, latent_dim))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layers(images)


class LatentRegression(Objective):
    """The L1 distance to the targets, and from the latents to those that the encoder finds again."""

    players = ("generator",)
    provided = ("latents",)

    def generator(self, networks: Networks, batch: Batch) -> Terms:
        generator, inputs = networks["generator"], batch["inputs"]
        latents = torch.randn(len(inputs), generator.config.latent_dim, device=inputs.device)
        fake = generator(inputs, class_labels=batch["labels"], latents=latents)
        found = networks["encoder"](fake)
        return {"l1": F.l1_loss(fake, batch["images"]), "latents": F.l1_loss(found, latents)}

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        return self.generator(networks, batch)


@dataclass(frozen=True, kw_only=True)
class Bicycle(TranslationRecipe):
    """Digits from their blur, their class and latents."""

    inputs: str | None = "blur:2"
    image_size: int = 16
    micro_batch_size: int | None = 4
    class_names: list[str] | None = None

    labelled: ClassVar[bool] = True
    left_to_data: ClassVar[tuple[str, ...]] = (*TranslationRecipe.left_to_data, "class_names")

    def fitted(self, dataset: Any) -> Self:
        return replace(super().fitted(dataset), class_names=list(dataset.class_names))

    def models(self) -> dict[str, nn.Module]:
        classes = len(self.class_names or range(10))
        generator = SmallBicycle(self.image_size, **self.channels(), num_classes=classes)
        generator.register_to_config(class_names=self.class_names or [])
        return {"generator": generator, "encoder": SmallEncoder(self.image_size, self.channels()["image_channels"])}

    def objective(self) -> LatentRegression:
        return LatentRegression()

    def optimizers(self, models: Mapping[str, nn.Module]) -> dict[str, torch.optim.Optimizer]:
        weights = [weight for model in models.values() for weight in model.parameters()]
        return {"generator": torch.optim.Adam(weights, lr=self.learning_rate)}

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        return ImageTranslationPipeline(networks["generator"])
