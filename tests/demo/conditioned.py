"""Translators for tests, each of which uses what it is given and nothing else; and a generator that reads texts."""

from __future__ import annotations

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from hf_genimg import ImageGenerationPipeline, ImageTranslationPipeline, TextToImagePipeline
from hf_genimg.models._network import LatentNetwork, TranslationNetwork


class Whitener(TranslationNetwork):
    """What is under the mask becomes white."""

    conditions = ("inputs", "mask")
    halo = 0

    @register_to_config
    def __init__(self, image_size: int = 32, image_channels: int = 1, input_channels: int = 1) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.tensor(1.0))

    def forward(self, inputs: torch.Tensor, *, mask: torch.Tensor) -> torch.Tensor:
        """Images of the inputs' size."""
        return torch.where(mask > 0, self.level, inputs)


class Tinter(TranslationNetwork):
    """Twice as large, and by `strength` as bright as the style is on average; `sign` -1 for the negative of that."""

    conditions = ("inputs", "style", "strength")
    scale = 2
    halo = 0

    @register_to_config
    def __init__(
        self, image_size: int = 32, image_channels: int = 1, input_channels: int = 1, sign: float = 1.0
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(1.0))

    def forward(self, inputs: torch.Tensor, *, style: torch.Tensor, strength: float = 1.0) -> torch.Tensor:
        """Images of twice the inputs' size."""
        level = style.mean((1, 2, 3), keepdim=True)
        mixed = self.config.sign * self.weight * (inputs + strength * (level - inputs))
        return mixed.repeat_interleave(2, 2).repeat_interleave(2, 3)


class Shader(TranslationNetwork):
    """The level of the input, shifted by the class (darker or brighter) and by the latents."""

    conditions = ("inputs", "labels", "latents")
    halo = 0

    @register_to_config
    def __init__(
        self,
        image_size: int = 16,
        image_channels: int = 1,
        input_channels: int = 1,
        latent_dim: int = 1,
        num_classes: int = 2,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.1))
        self.register_to_config(class_names=["darker", "brighter"])

    def forward(self, inputs: torch.Tensor, *, class_labels: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
        """Images of the inputs' size."""
        shift = (class_labels[:, None] - 0.5) + self.weight * latents
        return (inputs + shift[:, :, None, None]).clamp(-1, 1)


class Reader(LatentNetwork):
    """Images whose brightness is the number of letters of the prompt, with noise by the latents."""

    conditions = ("text",)

    @register_to_config
    def __init__(
        self, image_size: int = 16, image_channels: int = 1, latent_dim: int = 4, latent_distribution: str = "normal"
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.1))

    def tokenize(self, prompts: list[str]) -> torch.Tensor:
        """The number of letters."""
        return torch.tensor([[len(prompt)] for prompt in prompts])

    def forward(self, latents: torch.Tensor, class_labels: None = None, *, text: torch.Tensor) -> torch.Tensor:
        """Images of one level each, from -1 to 1."""
        level = (text[:, :1] / 10 - 1 + self.weight * latents[:, :1]).clamp(-1, 1)
        return level[:, :, None, None].expand(-1, 1, 16, 16)


class Mixer(LatentNetwork):
    """Four bands, one a layer, each of the level that its latents have."""

    mixing_layers = 4

    @register_to_config
    def __init__(
        self, image_size: int = 16, image_channels: int = 1, latent_dim: int = 1, latent_distribution: str = "uniform"
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(1.0))

    def forward(
        self,
        latents: torch.Tensor,
        class_labels: None = None,
        *,
        mixing_latents: torch.Tensor | None = None,
        mixing_start: int = 4,
    ) -> torch.Tensor:
        """Images of the bands, from -1 to 1."""
        styles = [latents if layer < mixing_start else mixing_latents for layer in range(4)]
        bands = torch.stack(styles, 1) * self.weight
        return bands[:, None].repeat_interleave(4, 2).expand(-1, 1, 16, 16)


class Named:
    """A name, which pipelines that were never saved lack."""

    called = ""

    @property
    def model_name(self) -> str:
        return self.called


class WhiteningPipeline(Named, ImageTranslationPipeline):
    called = "whitener"


class TintingPipeline(Named, ImageTranslationPipeline):
    called = "tinter"


class ShadingPipeline(Named, ImageTranslationPipeline):
    called = "shader"


class MixingPipeline(Named, ImageGenerationPipeline):
    called = "mixer"


class ReadingPipeline(Named, TextToImagePipeline):
    called = "reader"


def tinting() -> TintingPipeline:
    """With both directions."""
    return TintingPipeline(Tinter(), reverse_generator=Tinter(sign=-1.0))
