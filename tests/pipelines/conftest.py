"""Tiny pipelines with real networks."""

from __future__ import annotations

import pytest
import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from hf_genimg import (
    MLPVAE,
    DCGANDiscriminator,
    DCGANGenerator,
    ImageGenerationPipeline,
    ImageReconstructionPipeline,
    MLPGANGenerator,
)
from hf_genimg.models._network import LatentNetwork


class LabelGenerator(LatentNetwork):
    """Each image shows its label as its level, plus a little of its latents."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 4,
        image_channels: int = 3,
        latent_dim: int = 5,
        num_classes: int = 6,
        latent_distribution: str = "normal",
    ) -> None:
        super().__init__()
        self.to_pixels = nn.Linear(latent_dim, image_channels * image_size**2)

    def forward(self, latents: torch.Tensor, class_labels: torch.Tensor) -> torch.Tensor:
        shape = (-1, self.config.image_channels, self.config.image_size, self.config.image_size)
        level = class_labels.view(-1, 1, 1, 1) / (self.config.num_classes - 1) * 1.6 - 0.8
        return level + 0.1 * self.to_pixels(latents).view(shape).tanh()


def with_statistics(network: nn.Module) -> nn.Module:
    """Batch-norm statistics and gains far from those of a fresh network, so that train and eval mode differ, and images
    are not grey.
    """
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.running_var, 0.01, 0.1)
    return network.eval()


@pytest.fixture
def colour() -> ImageGenerationPipeline:
    torch.manual_seed(0)
    return ImageGenerationPipeline(with_statistics(DCGANGenerator(16, 3, 8, 4)), DCGANDiscriminator(16, 3, 4).eval())


@pytest.fixture
def grey() -> ImageGenerationPipeline:
    torch.manual_seed(0)
    return ImageGenerationPipeline(with_statistics(MLPGANGenerator(12, 1, 6, 8, "uniform")))


@pytest.fixture
def conditional() -> ImageGenerationPipeline:
    torch.manual_seed(0)
    return ImageGenerationPipeline(LabelGenerator().eval())


@pytest.fixture
def vae() -> ImageReconstructionPipeline:
    torch.manual_seed(0)
    return ImageReconstructionPipeline(MLPVAE(8, 1, 4, 16).eval())


@pytest.fixture(params=["colour", "grey", "conditional", "vae"])
def pipe(request: pytest.FixtureRequest) -> ImageGenerationPipeline | ImageReconstructionPipeline:
    pipeline = request.getfixturevalue(request.param)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
