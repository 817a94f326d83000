"""Any style at once (AdaIN, arXiv:1703.06868, in miniature), by the features of a frozen network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import register_to_config
from torch import nn

from hf_genimg.data import ImageDataset
from hf_genimg.features import load_features
from hf_genimg.features.statistics import channel_statistics
from hf_genimg.models._network import TranslationNetwork
from hf_genimg.objectives.base import Batch, Networks, Objective, Terms
from hf_genimg.pipelines.translation import ImageTranslationPipeline
from hf_genimg.recipes._images import ImageRecipe


class SmallStyler(TranslationNetwork):
    """The maps of the content are given the means and deviations of those of the style."""

    conditions = ("inputs", "style", "strength")

    @register_to_config
    def __init__(self, image_size: int = 16, image_channels: int = 1, input_channels: int = 1, width: int = 8) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(input_channels, width, 3, padding=1), nn.ReLU())
        self.decoder = nn.Sequential(nn.Conv2d(width, image_channels, 3, padding=1), nn.Tanh())

    def forward(self, inputs: torch.Tensor, style: torch.Tensor, strength: float = 1.0) -> torch.Tensor:
        content = self.encoder(inputs)
        mean, deviation = channel_statistics(content)
        style_mean, style_deviation = channel_statistics(self.encoder(style))
        styled = style_deviation * (content - mean) / deviation + style_mean
        return self.decoder(torch.lerp(content, styled, strength))


class StyleTransfer(Objective):
    """Content by the maps of the frozen `features`, style by their statistics."""

    players = ("generator",)

    def generator(self, networks: Networks, batch: Batch) -> Terms:
        features = networks["features"]
        styled = features(networks["generator"](batch["inputs"], style=batch["style"]))
        content, style = features(batch["inputs"]), features(batch["style"])
        deepest = features.taps[-1]
        distance = sum(
            F.mse_loss(found, wanted)
            for tap in styled
            if styled[tap].dim() == 4
            for found, wanted in zip(channel_statistics(styled[tap]), channel_statistics(style[tap]), strict=True)
        )
        return {"content": F.mse_loss(styled[deepest], content[deepest]), "style": distance}

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        return self.generator(networks, batch)


@dataclass(frozen=True, eq=False)
class ContentAndStyle:
    """Two sets of images, of which no item belongs to one of the other: what a user's own data set looks like."""

    contents: ImageDataset
    styles: ImageDataset
    conditions: tuple[str, ...] = ("inputs", "style")

    @property
    def sides(self) -> dict[str, int]:
        return {"images": len(self.contents), "style": len(self.styles)}

    @property
    def fingerprint(self) -> str:
        return f"{self.contents.fingerprint} {self.styles.fingerprint}"

    @property
    def image_channels(self) -> int:
        return self.contents.image_channels

    def __len__(self) -> int:
        return len(self.contents)

    def batch(
        self,
        indices: Mapping[str, torch.Tensor],
        device: torch.device | str = "cpu",
        channels_last: bool = False,
        seeds: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        images = self.contents.batch(indices["images"], device, channels_last, seeds)["images"]
        style = self.styles.batch(indices["style"], device, channels_last, seeds)["images"]
        return {"images": images, "inputs": images, "style": style}


@dataclass(frozen=True, kw_only=True)
class Styling(ImageRecipe):
    """Digits in the style of other digits."""

    image_size: int = 28

    def dataset(self, split: str | None = None) -> ContentAndStyle:
        return ContentAndStyle(super().dataset(split), super().dataset("test"))

    def held_out(self) -> ContentAndStyle:
        return replace(self).dataset("test")

    def models(self) -> dict[str, nn.Module]:
        channels = self.image_channels or 1
        return {"generator": SmallStyler(self.image_size, channels, channels)}

    def frozen(self) -> dict[str, nn.Module]:
        return {"features": load_features("digits")}

    def objective(self) -> StyleTransfer:
        return StyleTransfer()

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        return ImageTranslationPipeline(networks["generator"])

    def save_samples(self, pipeline: Any, path: Any, num_images: int) -> None:
        few = torch.arange(4)
        batch = self.held_out().batch({"images": few, "style": few + 8})
        pipeline.save_comparison(path, batch["inputs"], batch["style"], style=batch["style"], overwrite=True)
