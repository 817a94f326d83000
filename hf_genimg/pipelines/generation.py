"""Images from noise: the pipeline of every GAN whose generator takes latents."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from diffusers import ModelMixin

from ._latent_pipeline import LatentPipeline
from .capabilities import Capabilities
from .kinds import DISCRIMINATOR, GENERATOR, PRIOR
from .sampling import GeneratorInputs


class ImageGenerationPipeline(LatentPipeline):
    """Generates images from random latents.

    Args:
        generator: a `LatentNetwork`: `forward(latents [N, D], class_labels [N] | None, **conditions)` to images, and
            what it declares: how latents are sampled and truncated, noise inputs, mixing, classes and their names.
        discriminator: kept for training on or for scoring; a call does not use it.
        prior: samples the latents instead of the generator: `sample_latents(num_images, generator, class_labels=None)`.
        watermark_key: as for `set_watermark`; None for no watermark.
    """

    kinds: ClassVar = {"generator": GENERATOR, "discriminator": DISCRIMINATOR, "prior": PRIOR}
    model_cpu_offload_seq = "prior->generator"
    _optional_components = ["discriminator", "prior"]  # noqa: RUF012 (diffusers' own declaration)

    def __init__(
        self,
        generator: ModelMixin,
        discriminator: ModelMixin | None = None,
        prior: ModelMixin | None = None,
        watermark_key: str | None = None,
    ) -> None:
        super().__init__()
        self.register_modules(generator=generator, discriminator=discriminator, prior=prior)
        self.set_watermark(watermark_key)

    @property
    def network(self) -> ModelMixin:
        """The generator."""
        return self.generator

    @property
    def capabilities(self) -> Capabilities:
        """Generation, with what the generator declares."""
        return self._capabilities("generation")

    def _forward(self, network: Any, inputs: GeneratorInputs) -> torch.Tensor:
        given = {"noise": inputs.noise, "text": inputs.text}
        labels = inputs.class_labels if "labels" in network.conditions else None
        return network(inputs.latents, labels, **{name: value for name, value in given.items() if value is not None})
