"""Filling in (context encoder, arXiv:1604.07379, in miniature): boxes are blanked, the network has the mask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from hf_genimg.models._network import TranslationNetwork
from hf_genimg.objectives.base import Batch, Networks, Objective, Terms
from hf_genimg.pipelines.translation import ImageTranslationPipeline
from hf_genimg.recipes._translation import TranslationRecipe


class SmallFiller(TranslationNetwork):
    """Dilated convolutions over image and mask."""

    conditions = ("inputs", "mask")

    @register_to_config
    def __init__(self, image_size: int = 16, image_channels: int = 1, input_channels: int = 1, width: int = 8) -> None:
        super().__init__()
        layers = [nn.Conv2d(input_channels + 1, width, 3, padding=1), nn.ReLU()]
        layers += [nn.Conv2d(width, width, 3, padding=4, dilation=4), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, image_channels, 3, padding=1), nn.Tanh())

    def forward(self, inputs: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.layers(torch.cat([inputs, mask.to(inputs.dtype)], 1))


class Filling(Objective):
    """The L1 distance where something is filled in."""

    players = ("generator",)

    def generator(self, networks: Networks, batch: Batch) -> Terms:
        filled = networks["generator"](batch["inputs"], mask=batch["mask"])
        mask = batch["mask"]
        return {"l1": ((filled - batch["images"]).abs() * mask).sum() / mask.sum().clamp_min(1)}

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        return self.generator(networks, batch)


@dataclass(frozen=True, kw_only=True)
class FillingIn(TranslationRecipe):
    """Digits with holes."""

    inputs: str | None = "mask:boxes"
    image_size: int = 16
    micro_batch_size: int | None = 4

    def models(self) -> dict[str, nn.Module]:
        return {"generator": SmallFiller(self.image_size, **self.channels())}

    def objective(self) -> Filling:
        return Filling()

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        return ImageTranslationPipeline(networks["generator"])
