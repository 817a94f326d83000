"""A pair of translators for unpaired images (CycleGAN, arXiv:1703.10593, in miniature), with pools of earlier fakes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import register_to_config
from torch import nn

from hf_genimg.losses.adversarial import least_squares
from hf_genimg.models._network import Network, TranslationNetwork
from hf_genimg.objectives.base import Batch, Networks, Objective, Terms
from hf_genimg.objectives.image_pool import ImagePool
from hf_genimg.pipelines.translation import ImageTranslationPipeline
from hf_genimg.recipes._translation import TranslationRecipe


class SmallTranslator(TranslationNetwork):
    """Three convolutions: any size."""

    halo = 3

    @register_to_config
    def __init__(self, image_size: int = 16, image_channels: int = 1, input_channels: int = 1, width: int = 8) -> None:
        super().__init__()
        layers = [nn.Conv2d(input_channels, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1)]
        self.layers = nn.Sequential(*layers, nn.ReLU(), nn.Conv2d(width, image_channels, 3, padding=1), nn.Tanh())

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.layers(inputs)


class SmallPatchDiscriminator(Network):
    """A logit for each patch."""

    @register_to_config
    def __init__(self, image_channels: int = 1, width: int = 8) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(image_channels, width, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(width, 1, 3)
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layers(images).flatten()


class CycleConsistency(Objective):
    """Two GAN losses (least squares) and the L1 distance after both translations."""

    players = ("translators", "discriminators")

    def __init__(self, shape: tuple[int, int, int], batch_size: int, pool_size: int, weight: float = 10.0) -> None:
        super().__init__()
        self.loss, self.weight = least_squares(), weight
        self.pools = nn.ModuleList(ImagePool(pool_size, shape, batch_size) for _ in range(2))

    def translators(self, networks: Networks, batch: Batch) -> Terms:
        there, back = networks["generator"], networks["reverse_generator"]
        images, inputs = there(batch["inputs"]), back(batch["images"])
        cycle = F.l1_loss(back(images), batch["inputs"]) + F.l1_loss(there(inputs), batch["images"])
        forth = self.loss.generator(None, networks["discriminator"](images))["adversarial"]
        reverse = self.loss.generator(None, networks["reverse_discriminator"](inputs))["adversarial"]
        return {"adversarial": forth, "reverse_adversarial": reverse, "cycle": self.weight * cycle}

    def discriminators(self, networks: Networks, batch: Batch) -> Terms:
        with torch.no_grad():
            images, inputs = networks["generator"](batch["inputs"]), networks["reverse_generator"](batch["images"])
        images, inputs = (pool.query(made, self.step) for pool, made in zip(self.pools, (images, inputs), strict=True))
        sides = (("", batch["images"], images), ("reverse_", batch["inputs"], inputs))
        terms = {}
        for prefix, real, fake in sides:
            discriminator = networks[f"{prefix}discriminator"]
            found = self.loss.discriminator(discriminator(real), discriminator(fake))
            terms |= {f"{prefix}{name}": term / 2 for name, term in found.items()}
        return terms

    def update(self, player: str, networks: Networks) -> None:
        for pool in self.pools if player == "discriminators" else ():
            pool.update()

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        back = networks["reverse_generator"](networks["generator"](batch["inputs"]))
        return {"cycle": F.l1_loss(back, batch["inputs"])}


@dataclass(frozen=True, kw_only=True)
class Unpaired(TranslationRecipe):
    """From 297 digits to the look of 1,500 others."""

    inputs: str | None = "digits@test"
    targets: str | None = "digits"
    image_size: int = 16
    pool_size: int = 12

    paired: ClassVar[bool] = False
    published: ClassVar[tuple[str, ...]] = ("generator", "reverse_generator")

    def models(self) -> dict[str, nn.Module]:
        size = {"image_size": self.image_size, **self.channels()}
        reverse = {**size, "image_channels": size["input_channels"], "input_channels": size["image_channels"]}
        return {
            "generator": SmallTranslator(**size),
            "reverse_generator": SmallTranslator(**reverse),
            "discriminator": SmallPatchDiscriminator(size["image_channels"]),
            "reverse_discriminator": SmallPatchDiscriminator(size["input_channels"]),
        }

    def objective(self) -> CycleConsistency:
        shape = (self.image_channels or 1, self.image_size, self.image_size)
        return CycleConsistency(shape, self.batch_size, self.pool_size)

    def optimizers(self, models: Mapping[str, nn.Module]) -> dict[str, torch.optim.Optimizer]:
        players = {"translators": "generator", "discriminators": "discriminator"}
        groups = {
            player: [weight for name, model in models.items() if name.endswith(kind) for weight in model.parameters()]
            for player, kind in players.items()
        }
        return {player: torch.optim.Adam(weights, lr=self.learning_rate) for player, weights in groups.items()}

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        return ImageTranslationPipeline(networks["generator"], reverse_generator=networks["reverse_generator"])
