"""What the recipes of text-conditioned GANs share: captions as data, their vocabulary, and a row for each prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import nn

from ..data import ImageDataset, separate_split
from ..data.digit_captions import with_digit_captions
from ..layers.text import Tokenizer, parts_of, vocabulary_of
from ..objectives.text import FITTING, TextAdversarial
from ..pipelines.loading import load
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
    text_encoder: str | None = None  # run or pipeline with the words and text encoder to keep frozen; none: learned
    text_dim: int = 64  # numbers in a sentence vector; text_encoder has its own
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
        rule = "and init each bring a text encoder; leave one out"
        self._require("text_encoder", not (self.text_encoder and self.init), rule)
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
        return found.with_tokenizer(Tokenizer(self._words(found)))

    def _words(self, dataset: Any) -> list[str]:
        """The vocabulary: the one that is set, that of the frozen encoder, or that of the captions."""
        if self.vocabulary or not self.text_encoder:
            return self.vocabulary or vocabulary_of(caption for captions in dataset.captions for caption in captions)
        return list(frozen_reader(self.text_encoder).config.vocabulary)

    def fitted(self, dataset: Any) -> Self:
        examples = list(dict.fromkeys(each[0] for each in dataset.captions))[:SHOWN]
        return replace(
            super().fitted(dataset),
            vocabulary=self._words(dataset),
            examples=self.examples or examples,
        )

    def with_frozen_encoder(self, networks: dict[str, nn.Module]) -> dict[str, nn.Module]:
        """The networks, each with the weights of the frozen encoder where there is one and the words are known."""
        if self.text_encoder and self.vocabulary:
            weights = frozen_reader(self.text_encoder).text_encoder.state_dict()
            for network in networks.values():
                network.text_encoder.load_state_dict(weights)
        return networks

    def optimizers(self, models: Mapping[str, nn.Module]) -> dict[str, torch.optim.Optimizer]:
        made = super().optimizers(models)
        for name, optimizer in made.items() if self.text_encoder else ():
            frozen = {id(parameter) for parameter in models[name].text_encoder.parameters()}
            for group in optimizer.param_groups:
                group["params"] = [each for each in group["params"] if id(each) not in frozen]
        return made

    def sizes(self) -> dict[str, Any]:
        """What both networks are built from; no words until the data is open."""
        size = {"image_size": self.image_size, "image_channels": self.image_channels}
        text_dim = frozen_reader(self.text_encoder).config.text_dim if self.text_encoder else self.text_dim
        return {**size, "text_dim": text_dim, "vocabulary": self.vocabulary or []}

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


def frozen_reader(path: str) -> nn.Module:
    """The network of a run or pipeline that has a text encoder and its words.

    Raises:
        ValueError: it has none.
    """
    network = load(path).network
    if "text" not in network.conditions:
        raise ValueError(f"text_encoder={path} has no text encoder; give a run or a pipeline that takes prompts")
    return network
