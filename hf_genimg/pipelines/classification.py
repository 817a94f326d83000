"""Labels from images: the pipeline of every classifier."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from diffusers import ModelMixin
from diffusers.utils import BaseOutput
from PIL import Image, ImageDraw

from ._pipeline import Pipeline
from .capabilities import Capabilities
from .images import convert, prepare
from .kinds import CLASSIFIER
from .provenance import check_png_path
from .sampling import check_count

CELL, CAPTION = 64, 14  # pixels: an image of a grid, and the line of text below it


@dataclass
class Classification(BaseOutput):
    """The likeliest classes of N images, best first: labels (integers), their names, and their probabilities, each N
    lists.
    """

    labels: list[list[int]]
    names: list[list[str]]
    probabilities: list[list[float]]


class ImageClassificationPipeline(Pipeline):
    """Classifies images.

    Args:
        classifier: `forward(images [N, C, H, W])` to logits [N, K], which are `classify(features(images))`, and a
            config with `image_size, image_channels, num_classes` and perhaps `class_names`.
    """

    kinds: ClassVar = {"classifier": CLASSIFIER}
    model_cpu_offload_seq = "classifier"

    def __init__(self, classifier: ModelMixin) -> None:
        super().__init__()
        self.register_modules(classifier=classifier)

    @property
    def network(self) -> ModelMixin:
        """The classifier."""
        return self.classifier

    @property
    def capabilities(self) -> Capabilities:
        """Classification into `num_classes`."""
        config = self.classifier.config
        return Capabilities(
            "classification",
            config.image_size,
            config.image_channels,
            config.num_classes,
            tuple(self.classifier.class_names),
        )

    @property
    def class_names(self) -> list[str]:
        """In the order of the labels."""
        return self.classifier.class_names or [str(label) for label in range(self.classifier.config.num_classes)]

    def __call__(
        self,
        images: Image.Image | list[Image.Image] | torch.Tensor,
        top_k: int = 1,
        *,
        max_batch_size: int | None = None,
        return_dict: bool = True,
    ) -> Classification | tuple[list[list[int]], list[list[str]], list[list[float]]]:
        """Classify images.

        Args:
            images: a PIL image or a list of them, of any size and mode, which are turned into what the model was
                trained on; or a float tensor [N, C, H, W] in [-1, 1] of the model's size.
            top_k: how many classes for each image, from 1; at most all there are.
            max_batch_size: the most images that the network takes at once; all of them unless given.
            return_dict: False for the tuple `(labels, names, probabilities)`.

        Raises:
            ValueError: an argument is not what it may be.
        """
        for name, number in (("top_k", top_k), ("max_batch_size", 1 if max_batch_size is None else max_batch_size)):
            check_count(name, number)
        best = self.probabilities(images, max_batch_size).topk(min(top_k, self.classifier.config.num_classes))
        labels = best.indices.tolist()
        found = Classification(
            labels, [[self.class_names[label] for label in row] for row in labels], best.values.tolist()
        )
        return found if return_dict else found.to_tuple()

    def probabilities(
        self, images: Image.Image | list[Image.Image] | torch.Tensor, max_batch_size: int | None = None
    ) -> torch.Tensor:
        """float32 [N, num_classes] on the CPU, each row summing to 1; arguments as for a call."""
        config, dtype = self.classifier.config, next(self.classifier.parameters()).dtype
        pixels = prepare(images, config.image_size, config.image_channels)
        with self._running():
            parts = [
                self.classifier(part.to(self._execution_device, dtype))
                for part in pixels.split(max_batch_size or len(pixels))
            ]
        return torch.cat(parts).float().softmax(1).cpu()

    def save_predictions(
        self,
        path: str | os.PathLike[str],
        images: torch.Tensor,
        labels: torch.Tensor | None = None,
        *,
        overwrite: bool = False,
    ) -> Path:
        """Write one PNG with the images in a near-square grid, each over what it is taken for; red where that is wrong.

        Args:
            path: ends in .png.
            images: float [N, C, H, W] in [-1, 1], of the model's size.
            labels: the right ones, int64 [N]; none where nobody knows.
            overwrite: replace a file that is there.

        Raises as `save_grid` of the pipelines that generate.
        """
        target = check_png_path(path, overwrite)
        found = self(images)
        columns = math.ceil(math.sqrt(len(images)))
        picture = Image.new("RGB", (columns * (CELL + 2), math.ceil(len(images) / columns) * (CELL + CAPTION)), "white")
        canvas = ImageDraw.Draw(picture)
        for number, image in enumerate(convert(images, "pil")):
            left, top = number % columns * (CELL + 2), number // columns * (CELL + CAPTION)
            picture.paste(image.convert("RGB").resize((CELL, CELL), Image.Resampling.NEAREST), (left, top))
            wrong = labels is not None and found.labels[number][0] != labels[number]
            caption = f"{found.names[number][0]:.8} {found.probabilities[number][0]:.0%}"
            canvas.text((left + 2, top + CELL), caption, fill="red" if wrong else "black")
        partial = target.with_name(f".{target.name}.partial")  # a run that is killed here removes it when it goes on
        picture.save(partial, format="PNG")
        os.replace(partial, target)
        return target
