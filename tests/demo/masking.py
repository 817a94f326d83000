"""A translator that uses its mask and nothing else: what is under it becomes white. No shipped family fills anything in
yet.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from hf_genimg import ImageTranslationPipeline
from hf_genimg.models._network import Network
from hf_genimg.pipelines.capabilities import Capabilities
from hf_genimg.pipelines.images import prepare


class Whitener(Network):
    """Adds what it is told to."""

    @register_to_config
    def __init__(self, image_size: int = 32, image_channels: int = 1, input_channels: int = 1) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.tensor(1.0))
        self.mask: torch.Tensor | None = None

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.where(self.mask > 0, self.level, images)


class WhiteningPipeline(ImageTranslationPipeline):
    """As its base, with a mask."""

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, mask=True)

    @property
    def model_name(self) -> str:
        return "whitener"

    def __call__(self, images: Any, *, mask: Any = None, **settings: Any) -> Any:
        self.generator.mask = prepare(mask, self.generator.config.image_size, 1)
        return super().__call__(images, **settings)
