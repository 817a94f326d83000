"""Images from noise: the pipeline of every GAN whose generator takes latents."""

from __future__ import annotations

import torch
from diffusers import ModelMixin

from ._latent_pipeline import Forward, LatentPipeline
from .capabilities import Capabilities
from .drawing import mixes_labels
from .provenance import weights_state
from .standing import with_standing_statistics


class ImageGenerationPipeline(LatentPipeline):
    """Generates images from random latents.

    Args:
        generator: `forward(latents [N, D], class_labels [N] | None)` to images, `sample_latents(num_images,
            generator)`, and a config with `image_size, image_channels, latent_dim`, `num_classes` where it is
            conditional, `codes` where it has found some, and `standing_batches` where truncated latents need batch-norm
            statistics of their own: from so many batches. Its attribute `mixes_labels`, where it has one, says whether
            labels may be weights; `finds_classes`, whether its classes have no names.
        discriminator: the other player, kept for training on or for scoring; a call does not use it.
        watermark_key: as for `set_watermark`; None for no watermark.
    """

    _optional_components = ["discriminator"]  # noqa: RUF012 (diffusers' own declaration)

    def __init__(
        self, generator: ModelMixin, discriminator: ModelMixin | None = None, watermark_key: str | None = None
    ) -> None:
        super().__init__()
        self.register_modules(generator=generator, discriminator=discriminator)
        self.set_watermark(watermark_key)

    @property
    def network(self) -> ModelMixin:
        """The generator."""
        return self.generator

    @property
    def capabilities(self) -> Capabilities:
        """Generation, with class labels where the generator takes them."""
        config = self.generator.config
        found = {"num_classes": config.get("num_classes") or 0, "codes": config.get("codes") or 0}
        found["found_classes"] = bool(getattr(self.generator, "finds_classes", False))
        found["soft_labels"] = bool(found["num_classes"]) and mixes_labels(self.generator)
        return Capabilities("generation", config.image_size, config.image_channels, **found, truncation=True)

    def _forward(self, latents: torch.Tensor, class_labels: torch.Tensor | None) -> torch.Tensor:
        return self.generator(latents, class_labels)

    def _forward_at(self, truncation: float) -> Forward:
        batches = self.generator.config.get("standing_batches") or 0
        if truncation == 1 or not batches:
            return self._forward
        asked = (truncation, weights_state(self.generator))
        known, truncated = self.__dict__.get(
            "_standing", (None, None)
        )  # of the last truncation: a slider stays where it is for a while
        if known != asked:
            truncated = with_standing_statistics(self.generator, truncation, batches)
            self.__dict__["_standing"] = (asked, truncated)
        return truncated
