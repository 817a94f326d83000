"""A x2 upscaler (sub-pixel convolution, arXiv:1609.05158, in miniature), from inputs that `downscale:2` makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import register_to_config
from torch import nn

from hf_genimg.models._network import TranslationNetwork
from hf_genimg.objectives.base import Batch, Networks, Objective, Terms
from hf_genimg.pipelines.translation import ImageTranslationPipeline
from hf_genimg.recipes._translation import TranslationRecipe


class SmallUpscaler(TranslationNetwork):
    """Two convolutions and a pixel shuffle, beside bilinear enlargement."""

    scale, halo = 2, 3

    @register_to_config
    def __init__(self, image_size: int = 16, image_channels: int = 1, input_channels: int = 1, width: int = 8) -> None:
        super().__init__()
        layers = [nn.Conv2d(input_channels, width, 3, padding=1), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, 4 * image_channels, 3, padding=1), nn.PixelShuffle(2))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        enlarged = F.interpolate(inputs, scale_factor=2, mode="bilinear", align_corners=False)
        return (enlarged + self.layers(inputs)).clamp(-1, 1)


class Distance(Objective):
    """The L1 distance to the targets."""

    players = ("generator",)

    def generator(self, networks: Networks, batch: Batch) -> Terms:
        return {"l1": F.l1_loss(networks["generator"](batch["inputs"]), batch["images"])}

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        return self.generator(networks, batch)


@dataclass(frozen=True, kw_only=True)
class Upscaling(TranslationRecipe):
    """From 8 pixels to 16."""

    inputs: str | None = "downscale:2+noise:5"
    image_size: int = 16

    def models(self) -> dict[str, nn.Module]:
        return {"generator": SmallUpscaler(self.image_size, **self.channels())}

    def objective(self) -> Distance:
        return Distance()

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        return ImageTranslationPipeline(networks["generator"])
