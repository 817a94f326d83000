"""Images from images: the pipeline of every network that translates."""

from __future__ import annotations

import math
import os
from pathlib import Path

import torch
from diffusers import ImagePipelineOutput, ModelMixin
from PIL import Image

from ._pipeline import Pipeline
from .capabilities import Capabilities
from .drawing import check_count
from .images import Images, check_output_type, convert, grid, prepare
from .provenance import check_png_path, save_png


class ImageTranslationPipeline(Pipeline):
    """Translates images: one translation for each, always the same.

    Args:
        generator: `forward(images [N, C_in, H, W])` to images [N, C, H, W], and a config with `image_size,
            image_channels, input_channels`.
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
        """Translation."""
        return Capabilities("translation", self.generator.config.image_size, self.generator.config.image_channels)

    def __call__(
        self,
        images: Image.Image | list[Image.Image] | torch.Tensor,
        *,
        max_batch_size: int | None = None,
        output_type: str = "pil",
        return_dict: bool = True,
    ) -> ImagePipelineOutput | tuple[Images]:
        """Translate images.

        Args:
            images: a PIL image or a list of them, of any size and mode, which are turned into what the model was
                trained on (upright, over white, the centre square resized); or a float tensor [N, C_in, H, W] in [-1,
                1] of the model's size.
            max_batch_size: the most images that the network takes at once; all of them unless given.
            output_type: `pil`, a list of images of mode L or RGB; `np`, float32 [N, H, W, C] in [0, 1]; `pt`, float32
                [N, C, H, W] in [0, 1]; `uint8`, torch.uint8 [N, H, W, C]. The last two stay on the model's device.
            return_dict: False for the tuple `(images,)`.

        Returns:
            `images`, N of them. PIL images carry their provenance in `image.info`, which `save_png` writes and
            `image.save` does not.

        Raises:
            ValueError: an argument is not what it may be.
        """
        check_output_type(output_type)
        if max_batch_size is not None:
            check_count("max_batch_size", max_batch_size)
        config, weight = self.generator.config, next(self.generator.parameters())
        pixels = prepare(images, config.image_size, config.input_channels)
        size = max_batch_size or len(pixels)

        def part(start: int) -> Images:
            return self._convert(
                self.generator(pixels[start : start + size].to(weight.device, weight.dtype)), output_type
            )

        made = self._in_batches(part, len(pixels), size)
        if output_type == "pil":
            self._sign(made, [{"translated": True}] * len(made))
        return ImagePipelineOutput(made) if return_dict else (made,)

    def save_comparison(
        self,
        path: str | os.PathLike[str],
        inputs: torch.Tensor,
        targets: torch.Tensor,
        *,
        max_batch_size: int | None = None,
        overwrite: bool = False,
    ) -> Path:
        """Write one PNG with input, translation and target side by side for each pair, in a near-square grid, and its
        provenance.

        Images below 64 pixels are enlarged by a whole factor, without smoothing.

        Args:
            path: ends in .png.
            inputs: float [N, C_in, H, W] in [-1, 1], of the model's size.
            targets: float [N, C, H, W] in [-1, 1], of the same size.
            max_batch_size: as for a call.
            overwrite: replace a file that is there.

        Returns:
            The path.

        Raises:
            ValueError: an argument is not what it may be.
            FileNotFoundError, FileExistsError: the folder of `path` does not exist; the file does, and `overwrite` is
                off.
        """
        check_png_path(path, overwrite)
        config = self.generator.config
        targets = prepare(targets, config.image_size, config.image_channels)
        if len(inputs) != len(targets):
            raise ValueError(
                f"there are {len(inputs)} inputs but {len(targets)} targets; give as many of one as of the other"
            )
        sides = (convert(inputs, "pil"), self(inputs, max_batch_size=max_batch_size).images, convert(targets, "pil"))
        mode = "L" if config.input_channels == config.image_channels == 1 else "RGB"
        cells = [image.convert(mode) for pair in zip(*sides, strict=True) for image in pair]
        columns = 3 * math.ceil(math.sqrt(len(targets) / 3))
        return save_png(
            grid(cells, columns), path, self.provenance(translated=True, num_images=len(targets)), overwrite=overwrite
        )
