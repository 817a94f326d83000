"""Several pipelines, one after another: the first makes images, and each next one translates them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from PIL import Image

from ._latent_pipeline import GeneratedImages
from ._pipeline import Pipeline
from .capabilities import Capabilities
from .images import Images
from .provenance import KEY, text_entries
from .tiles import check_whole

CHANNELS = {1: "grey", 3: "colour", 4: "colour with transparency"}
FROM_IMAGES = ("mask", "style")  # what a translation needs beside its images, where its network declares it
OF_LAST = ("output_type", "return_dict")
OF_ALL = ("max_batch_size",)


def chain(*pipelines: Pipeline) -> Chain:
    """Pipelines that run one after another as one: text or class -> sprite -> x2, photograph -> style.

    ```python
    pipe = hf_genimg.chain(hf_genimg.load("runs/sprites"), hf_genimg.load("runs/x2"))
    images = pipe(prompt="a green dragon", num_images=4, seed=0).images
    images[0].info["hf_genimg"]  # names both models
    ```

    Args:
        pipelines: first one that makes images (generation, reconstruction or translation), then translation pipelines.

    Raises:
        ValueError: one of them is for something else, or takes images of another size or other channels than the one
            before makes.
    """
    return Chain(pipelines)


class Chain:
    """What `chain` returns. Call it as the first pipeline is called; the others translate what that made.

    pipelines: those that it was made of. capabilities: of the first, with the size and channels of the last one's
    images.
    """

    def __init__(self, pipelines: Sequence[Pipeline]) -> None:
        self.pipelines = tuple(pipelines)
        if len(self.pipelines) < 2 or not all(isinstance(each, Pipeline) for each in self.pipelines):
            raise ValueError("a chain needs two pipelines or more; give hf_genimg.load(...) of each")
        check_chain([each.capabilities for each in self.pipelines], [each.model_name for each in self.pipelines])
        side = made_side(self.pipelines[0].capabilities)
        for each in self.pipelines[1:] if side else ():
            check_whole(each.network, side, side)
            side *= each.capabilities.scale or 1

    @property
    def capabilities(self) -> Capabilities:
        """What the first one takes, and what the last one makes."""
        first, *others = [each.capabilities for each in self.pipelines]
        side = made_side(first)
        for each in others:
            side = side and side * (each.scale or 1)
        return replace(first, image_size=side or first.image_size, image_channels=others[-1].image_channels)

    def __call__(
        self, *arguments: Any, then: Sequence[Mapping[str, Any]] | None = None, **settings: Any
    ) -> GeneratedImages | tuple[Images]:
        """Make images with the first pipeline, and translate them with each of the others.

        Args:
            arguments, settings: those of the first pipeline's call (seed, class_labels, prompt, images, ...).
                `output_type` and `return_dict` are about the result, and `max_batch_size` about all pipelines.
            then: what the others take beside images, a mapping for each of them, such as `[{}, {"style": picture}]`. A
                translator with latents uses the seeds of the images unless a seed is given.

        Returns:
            `images`, with the `seeds` and `class_labels` of the first pipeline. PIL images carry the provenance of all
            pipelines: that of the last, with those before it, in order, as `chain`.

        Raises:
            ValueError: before work starts, where `then` does not fit the pipelines; otherwise as the pipelines.
        """
        given = self._settings(then)
        last = {name: settings.pop(name) for name in OF_LAST if name in settings}
        same = {name: settings[name] for name in OF_ALL if name in settings}
        first, *others = self.pipelines
        made = first(*arguments, **settings)
        images, seeds = made.images, made.seeds
        for number, (pipe, own) in enumerate(zip(others, given, strict=True), 1):
            own = {**same, **own, **(last if number == len(others) else {})}
            if pipe.capabilities.latents and seeds and "seed" not in own and "generator" not in own:
                own["seed"] = seeds[0]
            images = translated(pipe, images, **{**own, "return_dict": True})
        if last.get("return_dict") is False:
            return (images,)
        return GeneratedImages(images, seeds, made.class_labels)

    def _settings(self, then: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
        """Of each pipeline after the first; `ValueError` where something is missing."""
        others = self.pipelines[1:]
        given = [dict(each) for each in (then if then is not None else [{}] * len(others))]
        if len(given) != len(others):
            raise ValueError(f"then has {len(given)} settings for {len(others)} pipelines; give one mapping for each")
        for pipe, own in zip(others, given, strict=True):
            check_settings(pipe.capabilities, pipe.model_name, own)
        return given


def check_chain(capabilities: Sequence[Capabilities], names: Sequence[str]) -> None:
    """Raise `ValueError` unless pipelines of these capabilities can follow one another; names are for the message."""
    first = capabilities[0]
    if first.task == "classification":
        raise ValueError(f"{names[0]} makes no images, so nothing can follow it; begin with one that does")
    side, channels = made_side(first), first.image_channels
    for number, able in enumerate(capabilities[1:], 1):
        before, name = names[number - 1], names[number]
        if able.task != "translation":
            raise ValueError(f"{name} is for {able.task}, and only translation can follow {before}; use a translator")
        if able.input_channels < channels:
            raise ValueError(
                f"{before} makes {CHANNELS[channels]} images and {name} takes {CHANNELS[able.input_channels]} ones, "
                f"so some of it would be lost; use one trained with image_channels={channels}"
            )
        if not able.any_size and side != able.image_size:
            made = f"{side}x{side} images" if side else "images of any size"
            raise ValueError(
                f"{before} makes {made} and {name} takes {able.image_size}x{able.image_size} ones; use one that takes "
                "any size" + (f", or one trained with image_size={side}" if side else "")
            )
        side, channels = side and side * (able.scale or 1), able.image_channels


def made_side(able: Capabilities) -> int | None:
    """Pixels a side of the images that a pipeline makes; None where that depends on what it is given."""
    return None if able.any_size else able.image_size * (able.scale or 1)


def check_settings(able: Capabilities, name: str, given: Mapping[str, Any]) -> None:
    """Raise `ValueError` where a translation needs something beside images that is not `given`."""
    for needed in FROM_IMAGES:
        if getattr(able, needed) and given.get(needed) is None:
            raise ValueError(f"{name} needs a {needed} beside the images; give it in then=")
    if able.num_classes and given.get("class_labels") is None:
        raise ValueError(f"{name} needs a class beside the images; give class_labels in then=")


def translated(pipe: Any, images: Sequence[Image.Image], **settings: Any) -> Images:
    """The translations of images that a pipeline made. PIL images name the models of all steps in their provenance."""
    made = pipe(list(images), **settings).images
    if isinstance(made, list):
        for before, after in zip(images, made, strict=True):
            _continue_note(before, after)
    return made


def _continue_note(before: Image.Image, after: Image.Image) -> None:
    if KEY in before.info:
        earlier = json.loads(before.info[KEY])
        steps = [*earlier.pop("chain", []), earlier]
        after.info.update(text_entries({**json.loads(after.info[KEY]), "chain": steps}))
