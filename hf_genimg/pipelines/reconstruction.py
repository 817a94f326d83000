"""Images from noise, latents from images and back: the pipeline of every autoencoder."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import ModelMixin
from PIL import Image

from ._latent_pipeline import LatentPipeline
from .capabilities import Capabilities
from .drawing import Drawn, check_latents, mixes_labels
from .images import Images, prepare


class ImageReconstructionPipeline(LatentPipeline):
    """Encodes, decodes and reconstructs images; called, it generates images from the prior.

    Args:
        autoencoder: `encode(images)` to a posterior with `.mean` [N, D], `decode(latents)` to images,
            `sample_latents(num_images, generator)`, and a config with `image_size, image_channels, latent_dim` and,
            where conditional,
            `num_classes`: then `decode` takes `class_labels` [N] as well.
        watermark_key: as for `set_watermark`; None for no watermark.
    """

    def __init__(self, autoencoder: ModelMixin, watermark_key: str | None = None) -> None:
        super().__init__()
        self.register_modules(autoencoder=autoencoder)
        self.set_watermark(watermark_key)

    @property
    def network(self) -> ModelMixin:
        """The autoencoder."""
        return self.autoencoder

    @property
    def capabilities(self) -> Capabilities:
        """Reconstruction, with `encode`."""
        config = self.autoencoder.config
        classes = config.get("num_classes") or 0
        soft = bool(classes) and mixes_labels(self.autoencoder)
        return Capabilities(
            "reconstruction", config.image_size, config.image_channels, classes, soft, truncation=True, encode=True
        )

    def encode(
        self, images: Image.Image | list[Image.Image] | torch.Tensor, *, max_batch_size: int | None = None
    ) -> torch.Tensor:
        """Encode images as the means of their posteriors.

        Args:
            images: a PIL image or a list of them, of any size and mode, which are turned into what the model was
                trained on (upright, over white, the centre square resized); or a float tensor [N, C, H, W] in [-1, 1]
                of the model's size.
            max_batch_size: the most images that the network takes at once; all of them unless given.

        Returns:
            float [N, D], on the model's device and of its dtype.

        Raises:
            ValueError: `images` is none of these.
        """
        self._check(max_batch_size=max_batch_size)
        config, weight = self.autoencoder.config, next(self.autoencoder.parameters())
        pixels = prepare(images, config.image_size, config.image_channels)
        size = max_batch_size or len(pixels)

        def part(start: int) -> torch.Tensor:
            return self.autoencoder.encode(pixels[start : start + size].to(weight.device, weight.dtype)).mean

        return self._in_batches(part, len(pixels), size)

    def decode(self, latents: torch.Tensor, output_type: str = "pil", *, max_batch_size: int | None = None) -> Images:
        """Decode latents.

        Args:
            latents: float [N, D].
            output_type: as for a call.
            max_batch_size: the most images that the network makes at once; all of them unless given.

        Returns:
            N images.

        Raises:
            ValueError: an argument is not what it may be.
        """
        return self._decode(latents, output_type, max_batch_size, {"latents": "given"})

    def reconstruct(
        self,
        images: Image.Image | list[Image.Image] | torch.Tensor,
        output_type: str = "pil",
        *,
        max_batch_size: int | None = None,
    ) -> Images:
        """Encode images and decode the means of their posteriors; arguments as for `encode` and `decode`. Returns N
        images.
        """
        self._check(max_batch_size=max_batch_size, output_type=output_type)
        return self._decode(
            self.encode(images, max_batch_size=max_batch_size), output_type, max_batch_size, {"reconstructed": True}
        )

    def _decode(
        self, latents: torch.Tensor, output_type: str, max_batch_size: int | None, settings: dict[str, Any]
    ) -> Images:
        self._check(max_batch_size=max_batch_size, output_type=output_type)
        check_latents(latents, self.autoencoder.config.latent_dim)
        images = self._make(Drawn(latents, None, None), 1.0, max_batch_size, output_type)
        if output_type == "pil":
            self._sign(images, [settings] * len(images))
        return images

    def _forward(self, latents: torch.Tensor, class_labels: torch.Tensor | None) -> torch.Tensor:
        return (
            self.autoencoder.decode(latents) if class_labels is None else self.autoencoder.decode(latents, class_labels)
        )
