"""What the recipes of text-conditioned GANs share: captions as data, their vocabulary, and a row for each prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

from torch import nn

from ..data import ImageDataset, separate_split
from ..data.digit_captions import with_digit_captions
from ..layers.text import Tokenizer, parts_of, vocabulary_of
from ..objectives.text import FITTING, TextAdversarial
from ..pipelines.text_to_image import TextToImagePipeline
from ._adversarial import AdversarialRecipe

DIGITS = "digits"
SHOWN = 8  # captions that the generator keeps as examples


@dataclass(frozen=True, kw_only=True)
class TextRecipe(AdversarialRecipe):
    """A generator and a discriminator that are conditioned on text; words are learned from the captions."""

    captions: str | None = None  # digits: thickness, class and slant in words; none: those of the data, or digits
    caption_parts: bool = True  # learn parts of captions too, so that single words are understood
    vocabulary: list[str] | None = None  # none: all words of the captions
    examples: list[str] | None = None  # prompts for the grid of samples; none: the first captions that differ
    matching_penalty: float = 2.0  # weight of the gradient penalty at real images with their captions; 0: none
    contrast: float = 0.0  # weight of finding the caption of an image in its batch, and the image of a caption; 0: none

    left_to_data: ClassVar[tuple[str, ...]] = ("image_channels", "vocabulary", "examples")

    @property
    def from_digits(self) -> bool:
        """Whether captions are made from digits."""
        return (self.captions or separate_split(self.data)[0]) == DIGITS

    @property
    def labelled(self) -> bool:
        return self.from_digits

    @property
    def captioned(self) -> bool:
        return not self.from_digits

    def check(self) -> None:
        super().check()
        self._require("captions", self.captions in (None, DIGITS), "is not known; use digits, or none")
        self._require("matching_penalty", self.matching_penalty >= 0, "must be at least 0")
        self._require("contrast", self.contrast >= 0, "must be at least 0")
        self._require("loss", self.loss in FITTING, f"has no loss of mismatched captions; use {', '.join(FITTING)}")

    def dataset(self, split: str | None = None) -> ImageDataset:
        found = super().dataset(split)
        if self.from_digits:
            reference = found if found.split == "train" else super().dataset("train")
            found = with_digit_captions(found, reference)
        elif self.caption_parts:
            parts = [[part for caption in captions for part in parts_of(caption)] for captions in found.captions]
            found = replace(found, captions=parts)
        vocabulary = self.vocabulary or vocabulary_of(caption for captions in found.captions for caption in captions)
        return found.with_tokenizer(Tokenizer(vocabulary))

    def fitted(self, dataset: Any) -> Self:
        captions = [caption for captions in dataset.captions for caption in captions]
        examples = list(dict.fromkeys(each[0] for each in dataset.captions))[:SHOWN]
        return replace(
            super().fitted(dataset),
            vocabulary=self.vocabulary or vocabulary_of(captions),
            examples=self.examples or examples,
        )

    def sizes(self) -> dict[str, Any]:
        """What both networks are built from; no words until the data is open."""
        size = {"image_size": self.image_size, "image_channels": self.image_channels}
        return {**size, "vocabulary": self.vocabulary or []}

    def objective(self) -> TextAdversarial:
        weights = {"penalty": self.matching_penalty, "contrast": self.contrast}
        return TextAdversarial(**self.objective_parts(), **weights, every=self.penalty_every)

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        return TextToImagePipeline(**super().pipeline(networks).components)

    def save_samples(self, pipeline: Any, path: Path, num_images: int) -> None:
        """A row of the grid for each of the examples."""
        prompts = pipeline.network.config.examples
        columns = max(1, round(num_images / len(prompts)))
        prompt = [each for each in prompts for _ in range(columns)]
        pipeline.save_grid(path, len(prompt), seed=0, prompt=prompt, columns=columns, overwrite=True)
