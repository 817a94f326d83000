"""Images from texts: the pipeline of every generator that is conditioned on text."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from diffusers import ModelMixin

from ._latent_pipeline import ClassLabels, GeneratedImages, Prompt
from .generation import ImageGenerationPipeline
from .images import Images


class TextToImagePipeline(ImageGenerationPipeline):
    """Generates images from texts and random latents.

    Args:
        generator: as for `ImageGenerationPipeline`, with `text` among its `conditions`: `tokenize(prompts)` gives the
            token ids, int64 [N, T], that `forward(..., text=)` takes.
        discriminator, prior, watermark_key: as for `ImageGenerationPipeline`.

    Raises:
        ValueError: the generator is not conditioned on text.
    """

    def __init__(
        self,
        generator: ModelMixin,
        discriminator: ModelMixin | None = None,
        prior: ModelMixin | None = None,
        watermark_key: str | None = None,
    ) -> None:
        super().__init__(generator, discriminator, prior, watermark_key)
        if "text" not in generator.conditions:
            name = type(generator).__name__
            raise ValueError(f"{name} is not conditioned on text; use ImageGenerationPipeline")

    def __call__(
        self,
        prompt: Prompt | None = None,
        num_images: int | None = None,
        *,
        class_labels: ClassLabels | None = None,
        seed: int | None = None,
        generator: torch.Generator | list[torch.Generator] | None = None,
        latents: torch.Tensor | None = None,
        noise: torch.Tensor | None = None,
        truncation: float = 1.0,
        mix_seed: int | None = None,
        mix_from: int | None = None,
        directions: Mapping[str, float] | None = None,
        max_batch_size: int | None = None,
        output_type: str = "pil",
        return_dict: bool = True,
        batch_size: int | None = None,
    ) -> GeneratedImages | tuple[Images]:
        """Generate images of a text, of a list with one each, or of a mixture, as `ImageGenerationPipeline` does."""
        return super().__call__(
            num_images,
            class_labels=class_labels,
            prompt=prompt,
            seed=seed,
            generator=generator,
            latents=latents,
            noise=noise,
            truncation=truncation,
            mix_seed=mix_seed,
            mix_from=mix_from,
            directions=directions,
            max_batch_size=max_batch_size,
            output_type=output_type,
            return_dict=return_dict,
            batch_size=batch_size,
        )
