"""Images from noise, latents from images and back: the pipeline of every autoencoder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

import torch
from diffusers import ModelMixin
from PIL import Image

from ._latent_pipeline import ClassLabels, LatentPipeline
from .capabilities import Capabilities
from .deidentification import k_same
from .images import Images, grid, prepare
from .kinds import AUTOENCODER, PRIOR
from .provenance import check_png_path, save_png
from .sampling import GeneratorInputs, check_labels, check_latents, example

Pictures = Image.Image | list[Image.Image] | torch.Tensor


class ImageReconstructionPipeline(LatentPipeline):
    """Encodes, decodes and reconstructs images; called, it generates images from the prior.

    Args:
        autoencoder: a `LatentNetwork` with `encode(images)` to a posterior with `.mean`, N latents, and
            `decode(latents)` to images; where its config has `num_classes`, both take `class_labels` [N] as well, or
            `decode` alone where it declares `infers_labels`.
        prior: samples the latents instead of the autoencoder: `sample_latents(num_images, generator,
            class_labels=None)`.
        watermark_key: as for `set_watermark`; None for no watermark.
    """

    kinds: ClassVar = {"autoencoder": AUTOENCODER, "prior": PRIOR}
    model_cpu_offload_seq = "prior->autoencoder"
    _optional_components = ["prior"]  # noqa: RUF012 (diffusers' own declaration)

    def __init__(
        self, autoencoder: ModelMixin, prior: ModelMixin | None = None, watermark_key: str | None = None
    ) -> None:
        super().__init__()
        self.register_modules(autoencoder=autoencoder, prior=prior)
        self.set_watermark(watermark_key)

    @property
    def network(self) -> ModelMixin:
        """The autoencoder."""
        return self.autoencoder

    @property
    def capabilities(self) -> Capabilities:
        """Reconstruction, with `encode` and what the autoencoder declares."""
        return self._capabilities("reconstruction", encode=True)

    def encode(
        self, images: Pictures, *, class_labels: ClassLabels | None = None, max_batch_size: int | None = None
    ) -> torch.Tensor:
        """Encode images as the means of their posteriors.

        Args:
            images: a PIL image or a list of them, of any size and mode, which are turned into what the model was
                trained on (upright, over white, the centre square resized); or a float tensor [N, C, H, W] in [-1, 1]
                of the model's size.
            class_labels: of a conditional autoencoder: one for all images or one for each.
            max_batch_size: the most images that the network takes at once; all of them unless given.

        Returns:
            N latents on the model's device: float [N, D] of its dtype.

        Raises:
            ValueError: an argument is not what it may be.
        """
        self._check(max_batch_size=max_batch_size)
        config, dtype = self.autoencoder.config, next(self.autoencoder.parameters()).dtype
        pixels = prepare(images, config.image_size, config.image_channels)
        infers = self.autoencoder.infers_labels
        labels = None if infers and class_labels is None else self._given_labels(class_labels, len(pixels))
        size = max_batch_size or len(pixels)

        def part(start: int) -> torch.Tensor:
            batch = slice(start, start + size)
            given = () if labels is None or infers else (labels[batch].to(self._execution_device),)
            return self.autoencoder.encode(pixels[batch].to(self._execution_device, dtype), *given).mean

        return self._in_batches(part, len(pixels), size)

    def classify(self, images: Pictures, *, max_batch_size: int | None = None) -> torch.Tensor:
        """The probability of each class, by an autoencoder that finds the class itself: float [N, num_classes] on the
        model's device; arguments as for `encode`.

        Raises:
            ValueError: the autoencoder finds no class, or an argument is not what it may be.
        """
        self._check(max_batch_size=max_batch_size)
        config, dtype = self.autoencoder.config, next(self.autoencoder.parameters()).dtype
        if not (self.autoencoder.infers_labels and self.capabilities.num_classes):
            raise ValueError(f"{type(self.autoencoder).__name__} finds no class of an image; use a classifier")
        pixels = prepare(images, config.image_size, config.image_channels)
        size = max_batch_size or len(pixels)

        def part(start: int) -> torch.Tensor:
            batch = pixels[start : start + size].to(self._execution_device, dtype)
            return self.autoencoder.classify(batch).float().softmax(1)

        return self._in_batches(part, len(pixels), size)

    def decode(
        self,
        latents: torch.Tensor,
        output_type: str = "pil",
        *,
        class_labels: ClassLabels | None = None,
        max_batch_size: int | None = None,
    ) -> Images:
        """Decode latents.

        Args:
            latents: as `encode` returns them: float [N, D].
            output_type: as for a call.
            class_labels: of a conditional autoencoder: one for all images or one for each.
            max_batch_size: the most images that the network makes at once; all of them unless given.

        Returns:
            N images.

        Raises:
            ValueError: an argument is not what it may be.
        """
        return self._decode(latents, class_labels, output_type, max_batch_size, {"latents": "given"})

    def reconstruct(
        self,
        images: Pictures,
        output_type: str = "pil",
        *,
        class_labels: ClassLabels | None = None,
        max_batch_size: int | None = None,
    ) -> Images:
        """Encode images and decode the means of their posteriors; arguments as for `encode` and `decode`. Returns N
        images.

        An autoencoder that finds the class of an image itself needs no `class_labels`.
        """
        self._check(max_batch_size=max_batch_size, output_type=output_type)
        if class_labels is None and self.autoencoder.infers_labels and self.capabilities.num_classes:
            class_labels = self.classify(images, max_batch_size=max_batch_size).argmax(1)
        latents = self.encode(images, class_labels=class_labels, max_batch_size=max_batch_size)
        return self._decode(latents, class_labels, output_type, max_batch_size, {"reconstructed": True})

    def deidentify(
        self, images: Pictures, k: int, output_type: str = "pil", *, max_batch_size: int | None = None
    ) -> Images:
        """Replace each face by the decoded mean latents of `k` or more similar ones: k-same (Newton et al. 2005).

        Whoever finds a person by the image that is made is right for at most one of the k, provided that no two images
        are of one person. This says nothing of what else a picture shows, nor of who was in the training set.

        Args:
            images: one of each person; as for `encode`.
            k: how many share an image, from 2 to the number of images.
            output_type, max_batch_size: as for `decode`.

        Returns:
            N images, in the order of the given ones; those of a group are equal.

        Raises:
            ValueError: an argument is not what it may be, or the autoencoder is conditioned on classes.
        """
        if "labels" in self.autoencoder.conditions:
            name = type(self.autoencoder).__name__
            raise ValueError(f"{name} is conditioned on classes, which k-same would mix; use one that is not")
        latents = k_same(self.encode(images, max_batch_size=max_batch_size), k)
        return self._decode(latents, None, output_type, max_batch_size, {"deidentified": True, "k": k})

    def save_analogies(
        self,
        path: str | os.PathLike[str],
        images: Pictures | None = None,
        *,
        class_labels: ClassLabels | None = None,
        latents: torch.Tensor | None = None,
        classes: list[int | str] | None = None,
        overwrite: bool = False,
    ) -> Path:
        """Write one PNG with a row for each image, or for each of the latents: every class in its style.

        Args:
            path: ends in .png.
            images: what is encoded; shown at the left of its row.
            class_labels: of the images: one for all or one for each.
            latents: instead of images: float [N, D].
            classes: the columns; all classes unless given.
            overwrite: replace a file that is there.

        Returns:
            The path.

        Raises:
            ValueError: the autoencoder has no classes, or an argument is not what it may be.
            FileNotFoundError, FileExistsError: the folder of `path` does not exist; the file does, and `overwrite` is
                off.
        """
        check_png_path(path, overwrite)
        if "labels" not in self.autoencoder.conditions:
            raise ValueError(f"{type(self.autoencoder).__name__} is not conditioned on classes; use a model that is")
        if (images is None) == (latents is None):
            raise ValueError("images and latents are both given, or none of them; give one of them")
        classes = list(range(self.capabilities.num_classes)) if classes is None else list(classes)
        config, shown = self.autoencoder.config, []
        if images is not None:
            pixels = prepare(images, config.image_size, config.image_channels)
            shown = self._convert(pixels, "pil")
            latents = self.encode(pixels, class_labels=class_labels)
        columns = classes * len(latents)
        made = self.decode(latents.repeat_interleave(len(classes), 0), class_labels=columns)
        for row in reversed(range(len(shown))):
            made.insert(row * len(classes), shown[row])
        note = self.provenance(reconstructed=images is not None or None, class_labels=classes)
        return save_png(grid(made, len(classes) + bool(shown)), path, note, overwrite=overwrite)

    def _decode(
        self,
        latents: torch.Tensor,
        class_labels: ClassLabels | None,
        output_type: str,
        max_batch_size: int | None,
        settings: dict[str, Any],
    ) -> Images:
        self._check(max_batch_size=max_batch_size, output_type=output_type)
        check_latents(latents, example(self.autoencoder))
        labels = self._given_labels(class_labels, len(latents))
        images = self._make(GeneratorInputs(latents, labels, None), 1.0, max_batch_size, output_type)
        if output_type == "pil":
            self._sign(images, [settings] * len(images))
        return images

    def _given_labels(self, class_labels: ClassLabels | None, count: int) -> torch.Tensor | None:
        """Labels [N] for a conditional autoencoder, which needs them to encode and to decode; None for another."""
        conditional = "labels" in self.autoencoder.conditions
        if conditional and class_labels is None:
            raise ValueError(f"{type(self.autoencoder).__name__} is conditioned on classes; give class_labels as well")
        classes = self.capabilities.num_classes if conditional else 0
        return check_labels(self.autoencoder, class_labels, classes, self.class_names, count)

    def _forward(self, network: Any, inputs: GeneratorInputs) -> torch.Tensor:
        labels = (inputs.class_labels,) if "labels" in network.conditions else ()
        given = {"noise": inputs.noise, "text": inputs.text}
        return network.decode(
            inputs.latents, *labels, **{name: each for name, each in given.items() if each is not None}
        )
