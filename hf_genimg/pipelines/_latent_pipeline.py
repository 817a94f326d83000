"""Pipelines that make images from latents: the call, walks between seeds, and grids."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from diffusers import ImagePipelineOutput, ModelMixin

from ._editing import LatentEditing, notes
from ._pipeline import Pipeline
from .capabilities import Capabilities
from .images import Images, check_output_type, grid
from .interpolation import texts_mixed
from .named_directions import check_strengths
from .provenance import check_png_path, save_png
from .sampling import (
    GeneratorInputs,
    check_count,
    check_truncation,
    draw,
    draw_seeds,
    draws_vectors,
    mixes_labels,
)

ClassLabels = int | str | list[int | str] | torch.Tensor
Prompt = str | list[str] | dict[str, float]  # one text, one for each image, or texts with their weights


@dataclass
class GeneratedImages(ImagePipelineOutput):
    """Images, and what to ask for to get them again.

    images: as `output_type` says. seeds: N integers, image i is the one that `seed=seeds[i]` names; None where the
    caller's generators or latents made them. class_labels: N integers, or of mixed classes N times the weight of each;
    None for an unconditional model.
    """

    seeds: list[int] | None = None
    class_labels: list[int] | list[list[float]] | None = None


class LatentPipeline(LatentEditing, Pipeline):
    """Calls its network on latents. A subclass says how, in `_forward`."""

    @property
    def prior_network(self) -> ModelMixin | None:
        """The component that samples the latents, where the network does not do so itself."""
        return self.components.get("prior")

    @property
    def networks(self) -> dict[str, ModelMixin]:
        """The networks that make the images: the one that is called on latents, and the prior."""
        prior = {} if self.prior_network is None else {"prior": self.prior_network}
        return {**super().networks, **prior}

    @property
    def class_names(self) -> list[str]:
        """Of the class labels, in their order; empty where the data named none."""
        named = (network.class_names for network in self.networks.values())
        return next((list(names) for names in named if names), [])

    def _capabilities(self, task: str, **more: Any) -> Capabilities:
        """What the networks declare."""
        network, config, prior = self.network, self.network.config, self.prior_network
        classes = config.get("num_classes") or (prior.config.get("num_classes") if prior is not None else 0) or 0
        vectors = draws_vectors(network)
        return Capabilities(
            task,
            config.image_size,
            config.image_channels,
            num_classes=classes,
            class_names=tuple(self.class_names) if classes else (),
            soft_labels=bool(classes) and mixes_labels(network),
            found_classes=bool(classes) and network.finds_classes,
            codes=config.get("codes") or 0,
            truncation=vectors and network.truncates,
            interpolation=vectors,
            mixing_layers=network.mixing_layers,
            text="text" in network.conditions,
            prompts=tuple(network.example_prompts),
            prior=prior is not None,
            **more,
        )

    def _forward(self, network: Any, inputs: GeneratorInputs) -> torch.Tensor:
        """Images [N, C, H, W] in [-1, 1] of these inputs, which are on the network's device.

        network: `self.network`, or what it is for a truncation.
        """
        raise NotImplementedError

    def __call__(
        self,
        num_images: int | None = None,
        *,
        class_labels: ClassLabels | None = None,
        prompt: Prompt | None = None,
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
        """Generate images. `capabilities` says which of the arguments this model takes.

        Args:
            num_images: how many; 1 unless what is given one per image says otherwise.
            class_labels: one for all images or one for each: integers from 0 to num_classes - 1, int64 [N], or names.
                Left out, each image draws its own. Where `soft_labels`, also weights of classes, float [num_classes] or
                [N, num_classes], from 0 and with sum 1: classes are mixed.
            prompt: one text for all images or one for each; or texts with their weights, such as
                {"red wall": 1.5, "floor": -0.5}: sentence vectors are mixed, and below 0 avoided.
            seed: image i draws all it needs from a CPU generator of its own, seeded with seed + i: seed 7 names the
                same image (to 1e-5) whatever `num_images`, `max_batch_size` and the device are. Left out, one is drawn
                from torch's global random state.
            generator: instead of a seed: one, from which the images draw one after another, or one for each image.
            latents, noise: instead of drawing them: as the network samples them, float [N, D] and [N, M], or styles.
            truncation: from 0 to 2: 1 is as trained; less gives more usual and less varied images.
            mix_seed, mix_from: from the layer `mix_from` on (from 1 to `mixing_layers` - 1; the middle unless given),
                all images take their styles from the latents of this seed.
            directions: strengths of named directions (`pipe.directions`), such as {"slant": 2.0}, along which the
                latents are moved first; 1 is one standard deviation of latents.
            max_batch_size: the most images that the network makes at once; all of them unless given.
            output_type: `pil`, a list of images of mode L or RGB; `np`, float32 [N, H, W, C] in [0, 1]; `pt`, float32
                [N, C, H, W] in [0, 1]; `uint8`, torch.uint8 [N, H, W, C]. The last two stay on the model's device.
            return_dict: False for the tuple `(images,)`.
            batch_size: diffusers' name for `num_images`.

        Returns:
            `images`, with `seeds` and `class_labels`. PIL images carry their provenance in `image.info`, which
            `save_png` writes and `image.save` does not.

        Raises:
            ValueError: an argument is not what it may be, or two contradict each other.
        """
        self._check(truncation, max_batch_size, output_type)
        counts = {"num_images": num_images, "batch_size": batch_size, "prior_batch": max_batch_size}
        given = {"class_labels": class_labels, "seed": seed, "generator": generator, "latents": latents, "noise": noise}
        settings = {"truncation": float(truncation), "mix_seed": mix_seed, "mix_from": mix_from}
        settings["directions"] = check_strengths(directions, self.directions) if directions else None
        images, inputs = self._generate({**counts, **given}, settings, prompt, max_batch_size, output_type)
        labels = None if inputs.class_labels is None else inputs.class_labels.tolist()
        return GeneratedImages(images, inputs.seeds, labels) if return_dict else (images,)

    def _generate(
        self,
        asked: dict[str, Any],
        settings: dict[str, Any],
        prompt: Prompt | None,
        max_batch_size: int | None,
        output_type: str,
    ) -> tuple[Images, GeneratorInputs]:
        """The images of a call, and what they were made from. asked: arguments of `draw`. settings: truncation and
        mixing, as they are noted in images.
        """
        seed = settings["mix_seed"]
        settings["mix_from"] = layer = self._mixing_layer(seed, settings["mix_from"])
        sampled = {"text": self._tokens(prompt), "prior": self.prior_network, "class_names": self.class_names}
        inputs = draw(self.network, self.capabilities.num_classes, **asked, **sampled)
        if settings["directions"]:
            moved = self.edit(inputs.latents, settings["directions"], class_labels=inputs.class_labels)
            inputs = replace(inputs, latents=moved)
        if seed is not None:
            source = draw(self.network, self.capabilities.num_classes, **{**sampled, "seed": seed}).latents
            inputs = replace(inputs, mixing=source.expand(len(inputs.latents), *source.shape[1:]))
        images = self._make(inputs, settings["truncation"], max_batch_size, output_type, layer)
        if output_type == "pil":
            self._sign(images, [{**own, **settings} for own in notes(inputs, prompt, len(images))])
        return images, inputs

    def draw_seeds(
        self, seeds: list[int], class_labels: ClassLabels | None = None, prompt: Prompt | None = None
    ) -> GeneratorInputs:
        """What the images of two or more seeds are made from: latents, labels and noise.

        Args:
            class_labels, prompt: as for a call: one for all seeds, or one for each.

        Raises:
            ValueError: an argument is not what it may be.
        """
        return draw_seeds(
            self.network,
            self.capabilities.num_classes,
            seeds,
            class_labels,
            text=self._tokens(prompt),
            prior=self.prior_network,
            class_names=self.class_names,
        )

    def save_grid(
        self,
        path: str | os.PathLike[str],
        num_images: int = 64,
        seed: int = 0,
        *,
        class_labels: ClassLabels | None = None,
        prompt: Prompt | None = None,
        truncation: float = 1.0,
        directions: Mapping[str, float] | None = None,
        max_batch_size: int | None = None,
        columns: int | None = None,
        overwrite: bool = False,
    ) -> Path:
        """Write one PNG with the images of the seeds from `seed` on, row by row, and its provenance.

        Images below 64 pixels are enlarged by a whole factor, without smoothing. A last row that is not full ends in
        white.

        Args:
            path: ends in .png.
            columns: images in a row; near-square unless given.
            overwrite: replace a file that is there.
            Others: as for a call.

        Returns:
            The path.

        Raises:
            ValueError: an argument is not what it may be.
            FileNotFoundError, FileExistsError: the folder of `path` does not exist; the file does, and `overwrite` is
                off.
        """
        check_png_path(path, overwrite)
        if columns is not None:
            check_count("columns", columns)
        made = LatentPipeline.__call__(
            self,
            num_images,
            class_labels=class_labels,
            prompt=prompt,
            seed=seed,
            truncation=truncation,
            directions=directions,
            max_batch_size=max_batch_size,
        )
        settings = {"seed": made.seeds[0], "num_images": len(made.images), "class_labels": made.class_labels}
        settings |= {"prompt": prompt, "directions": dict(directions) if directions else None}
        return save_png(
            grid(made.images, columns),
            path,
            self.provenance(**settings, truncation=float(truncation)),
            overwrite=overwrite,
        )

    def _check(self, truncation: float = 1.0, max_batch_size: int | None = None, output_type: str = "pil") -> None:
        check_output_type(output_type)
        check_truncation(truncation)
        if truncation != 1 and not self.capabilities.truncation:
            why = "have one length" if self.capabilities.interpolation else "are tokens"
            name = type(self.network).__name__
            raise ValueError(f"truncation={truncation} is not possible: the latents of {name} {why}; leave it out")
        if max_batch_size is not None:
            check_count("max_batch_size", max_batch_size)

    def _mixing_layer(self, mix_seed: int | None, mix_from: int | None) -> int | None:
        """The layer from which styles are mixed; None where they are not."""
        layers = self.network.mixing_layers
        if mix_seed is None and mix_from is None:
            return None
        if not layers:
            raise ValueError(f"{type(self.network).__name__} mixes no styles; leave mix_seed and mix_from out")
        if mix_seed is None:
            raise ValueError("mix_from says from which layer on, and mix_seed whose styles; give mix_seed as well")
        mix_from = layers // 2 if mix_from is None else mix_from
        check_count("mix_from", mix_from)
        if mix_from >= layers:
            raise ValueError(f"mix_from={mix_from} is not possible; give an integer from 1 to {layers - 1}")
        return mix_from

    def _tokens(self, prompt: Prompt | None) -> torch.Tensor | None:
        """Token ids int64 [T] of one prompt, [N, T] of a list; the vector float [D] of a mixture; None for a model that
        takes none.
        """
        name = type(self.network).__name__
        if "text" not in self.network.conditions:
            if prompt is not None:
                raise ValueError(f"prompt is given, but {name} is not conditioned on text; leave it out")
            return None
        if isinstance(prompt, dict):
            return texts_mixed(self.network, prompt)
        prompts = [prompt] if isinstance(prompt, str) else prompt
        if not isinstance(prompts, list | tuple) or not prompts or not all(isinstance(each, str) for each in prompts):
            raise ValueError(
                f"prompt={prompt!r:.60} is not possible: {name} needs a text, or a list with one per image"
            )
        tokens = self.network.tokenize(list(prompts))
        return tokens[0] if isinstance(prompt, str) else tokens

    def _make(
        self,
        inputs: GeneratorInputs,
        truncation: float,
        max_batch_size: int | None,
        output_type: str,
        mix_from: int | None = None,
    ) -> Images:
        network = self.network.at_truncation(truncation)
        latents, mixing = self._truncated(inputs.latents, truncation), None
        if inputs.mixing is not None:
            mixing = self._truncated(inputs.mixing, truncation)
        placed = replace(inputs, latents=latents, mixing=mixing, noise=self._placed(inputs.noise))
        size = max_batch_size or len(inputs.latents)

        def part(start: int) -> Images:
            batch = _sliced(placed, slice(start, start + size), self._execution_device)
            made = self._forward(network, batch) if mix_from is None else self._mixed(network, batch, mix_from)
            return self._convert(made, output_type)

        return self._in_batches(part, len(latents), size)

    def _mixed(self, network: Any, inputs: GeneratorInputs, mix_from: int) -> torch.Tensor:
        """With the styles of other latents from a layer on."""
        given = {name: getattr(inputs, name) for name in ("noise", "text") if getattr(inputs, name) is not None}
        return network(
            inputs.latents, inputs.class_labels, mixing_latents=inputs.mixing, mixing_start=mix_from, **given
        )

    def _truncated(self, latents: torch.Tensor, truncation: float) -> torch.Tensor:
        """Truncated in float32, and then of the network's device and dtype. Tokens stay what they are."""
        if not latents.is_floating_point():
            return latents.to(self._execution_device)
        return self._placed(self.network.truncate(latents, truncation))

    def _placed(self, tensor: torch.Tensor | None) -> torch.Tensor | None:
        """On the network's device, and of its dtype."""
        return None if tensor is None else tensor.to(self._execution_device, next(self.network.parameters()).dtype)


def _sliced(inputs: GeneratorInputs, batch: slice, device: torch.device) -> GeneratorInputs:
    """The images of one batch, with labels and text on the network's device."""

    def of_batch(tensor: torch.Tensor | None) -> torch.Tensor | None:
        return None if tensor is None else tensor[batch].to(device)

    latents, labels, noise, text, mixing = map(
        of_batch, (inputs.latents, inputs.class_labels, inputs.noise, inputs.text, inputs.mixing)
    )
    return GeneratorInputs(latents, labels, None, noise, text, mixing)
