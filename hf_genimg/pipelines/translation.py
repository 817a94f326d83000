"""Images from images: the pipeline of every network that translates, restores, enlarges, fills in or styles."""

from __future__ import annotations

import math
import os
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar

import torch
from diffusers import ModelMixin
from PIL import Image

from ._latent_pipeline import ClassLabels, GeneratedImages
from ._pipeline import Pipeline
from .capabilities import Capabilities
from .conditions import Inputs, Pictures, batches_of, inputs_of
from .images import Images, check_images, check_output_type, convert, grid, join
from .kinds import DISCRIMINATOR, TRANSLATOR
from .provenance import check_png_path, save_png
from .sampling import check_count, labels_for_json, mixes_labels
from .tiles import Canvas, check_whole, enough_memory, tiles_of
from .watermark import check_watermark


class ImageTranslationPipeline(Pipeline):
    """Translates images: one translation for each, always the same unless the network takes latents.

    Args:
        generator: a `TranslationNetwork`: `forward(inputs [N, C_in, H, W], *, class_labels, latents, mask, style,
            strength)`, of which it takes what it declares in `conditions`, to images [N, C, scale H, scale W].
        discriminator: kept for training on or for scoring; a call does not use it.
        reverse_generator: the translator of the other direction, where there is one.
        watermark_key: as for `set_watermark`; None for no watermark.

    Raises:
        ValueError: a component is of another kind, or a network that fills in gives images of another form than it
            takes.
    """

    kinds: ClassVar = {"generator": TRANSLATOR, "discriminator": DISCRIMINATOR, "reverse_generator": TRANSLATOR}
    model_cpu_offload_seq = "generator->reverse_generator"
    _optional_components = ["discriminator", "reverse_generator"]  # noqa: RUF012 (diffusers' own declaration)

    def __init__(
        self,
        generator: ModelMixin,
        discriminator: ModelMixin | None = None,
        reverse_generator: ModelMixin | None = None,
        watermark_key: str | None = None,
    ) -> None:
        super().__init__()
        self.register_modules(generator=generator, discriminator=discriminator, reverse_generator=reverse_generator)
        self.set_watermark(watermark_key)
        for network in self.networks.values():
            same = network.config.input_channels == network.config.image_channels and network.scale == 1
            if "mask" in network.conditions and not same:
                name = type(network).__name__
                raise ValueError(f"{name} fills in, so its images must have the size and channels of its inputs")

    @property
    def network(self) -> ModelMixin:
        """The translator that a call uses unless `reverse` is set."""
        return self.generator

    @property
    def networks(self) -> dict[str, ModelMixin]:
        """The translators of all directions."""
        reverse = {} if self.reverse_generator is None else {"reverse_generator": self.reverse_generator}
        return {"generator": self.generator, **reverse}

    @property
    def capabilities(self) -> Capabilities:
        """Translation, with what the generator declares."""
        network, config = self.generator, self.generator.config
        classes = (config.get("num_classes") or 0) if "labels" in network.conditions else 0
        return Capabilities(
            "translation",
            config.image_size,
            config.image_channels,
            num_classes=classes,
            class_names=tuple(network.class_names) if classes else (),
            soft_labels=bool(classes) and mixes_labels(network),
            input_channels=config.input_channels,
            scale=network.scale,
            any_size=bool(network.size_multiple),
            mask="mask" in network.conditions,
            style="style" in network.conditions,
            strength="strength" in network.conditions,
            reverse=self.reverse_generator is not None,
            latents="latents" in network.conditions,
        )

    def __call__(
        self,
        images: Pictures,
        *,
        mask: Pictures | None = None,
        style: Pictures | None = None,
        strength: float | None = None,
        reverse: bool = False,
        class_labels: ClassLabels | None = None,
        seed: int | None = None,
        generator: torch.Generator | list[torch.Generator] | None = None,
        latents: torch.Tensor | None = None,
        tile_size: int | None = None,
        max_batch_size: int | None = None,
        output_type: str = "pil",
        return_dict: bool = True,
    ) -> GeneratedImages | tuple[Images]:
        """Translate images. `capabilities` says which of the arguments this model takes.

        Args:
            images: a PIL image or a list of them, of any mode (they are turned upright and put over white), or a float
                tensor [N, C_in, H, W] in [-1, 1]. Where `capabilities.any_size`, each is translated at its own size:
                reflected at its edges up to what the network takes, and cut again. Otherwise pictures become what the
                model was trained on, the centre square resized.
            mask: of a model that fills in: a PIL image, white where it does, or a list with one for each; or float
                [N or 1, 1, H, W], above 0.5 where it does. The other pixels come back as they were, bit for bit.
            style: of a model that takes one: a PIL image of any size, or one for each; or float [N or 1, C, h, w].
            strength: how strongly it translates, from 0 to 1; as the network has it unless given.
            reverse: translate in the other direction.
            class_labels: of a model that is conditioned on a class: one for all images or one for each, as an integer
                from 0 to num_classes - 1 or a name; where `soft_labels`, also weights of classes.
            seed: of a model with latents: those of image i are sampled with seed + i. Left out, one is chosen.
            generator, latents: instead of a seed: one generator or one for each image; float [N, D].
            tile_size: pixels a side of the tiles that larger images are made in; unless given, 512 for images above
                1024x1024 pixels. Tiles overlap by as much as their outputs depend on, so that there are no seams.
                A network that depends on all of its input (`halo` is None) takes at most 4096x4096 pixels at once.
            max_batch_size: the most images that the network takes at once; all of one size unless given.
            output_type: `pil`, a list of images of mode L or RGB; `np`, float32 [N, H, W, C] in [0, 1]; `pt`, float32
                [N, C, H, W] in [0, 1]; `uint8`, torch.uint8 [N, H, W, C]. The last two stay on the model's device. All
                but `pil` need images of one size.
            return_dict: False for the tuple `(images,)`.

        Returns `images`, N of them, with `seeds` and `class_labels` where the model has them. PIL images carry their
        provenance in `image.info`, which `save_png` writes and `image.save` does not. Raises `ValueError` for an
        argument that is not what it may be.
        """
        check_output_type(output_type)
        for name, number in (("max_batch_size", max_batch_size), ("tile_size", tile_size)):
            check_count(name, 1 if number is None else number)
        network = self._network_for(reverse)
        sampling = {"seed": seed, "generator": generator, "latents": latents}
        inputs, seeds = inputs_of(network, images, mask, style, strength, class_labels, **sampling)
        self._check_sizes(network, inputs, output_type)
        made = self._translate(network, batches_of(inputs, max_batch_size, network, tile_size), tile_size, output_type)
        labels = None if inputs[0].labels is None else torch.cat([each.labels for each in inputs])
        if output_type == "pil":
            note = {"reversed": reverse or None, "filled_in": mask is not None or None, "strength": strength}
            self._note(made, seeds, labels, note)
        found = GeneratedImages(made, seeds, None if labels is None else labels.tolist())
        return found if return_dict else (made,)

    def save_comparison(
        self,
        path: str | os.PathLike[str],
        inputs: torch.Tensor,
        targets: torch.Tensor,
        *,
        mask: torch.Tensor | None = None,
        style: torch.Tensor | None = None,
        reverse: bool = False,
        class_labels: ClassLabels | None = None,
        seed: int | None = None,
        max_batch_size: int | None = None,
        overwrite: bool = False,
    ) -> Path:
        """Write one PNG with input, translation and target side by side for each pair, in a near-square grid, and its
        provenance.

        Images below 64 pixels are enlarged by a whole factor, without smoothing, and so are inputs that are smaller
        than their targets.

        Args:
            path: ends in .png.
            inputs: float [N, C_in, H, W] in [-1, 1].
            targets: float [N, C, scale H, scale W] in [-1, 1].
            mask, style, reverse, class_labels, seed, max_batch_size: as for a call.
            overwrite: replace a file that is there.

        Returns:
            The path.

        Raises:
            ValueError: an argument is not what it may be.
            FileNotFoundError, FileExistsError: the folder of `path` does not exist; the file does, and `overwrite` is
                off.
        """
        check_png_path(path, overwrite)
        config = self._network_for(reverse).config
        targets = check_images(targets, config.image_channels)
        if len(inputs) != len(targets):
            raise ValueError(
                f"there are {len(inputs)} inputs but {len(targets)} targets; give as many of one as of the other"
            )
        given = {"mask": mask, "style": style, "class_labels": class_labels, "seed": seed}
        made = self(inputs, reverse=reverse, max_batch_size=max_batch_size, **given).images
        sides = (convert(inputs, "pil"), made, convert(targets, "pil"))
        mode = "L" if config.input_channels == config.image_channels == 1 else "RGB"
        size = (targets.shape[3], targets.shape[2])
        cells = [
            image.convert(mode).resize(size, Image.Resampling.NEAREST)
            for pair in zip(*sides, strict=True)
            for image in pair
        ]
        columns = 3 * math.ceil(math.sqrt(len(targets) / 3))
        return save_png(
            grid(cells, columns), path, self.provenance(translated=True, num_images=len(targets)), overwrite=overwrite
        )

    def _note(
        self, images: list[Image.Image], seeds: list[int] | None, labels: torch.Tensor | None, same: dict[str, Any]
    ) -> None:
        """Put the provenance of each image into it. same: what holds for all."""
        own = zip(seeds or [None] * len(images), labels_for_json(labels) or [None] * len(images), strict=True)
        notes = [{"translated": True, **same, "seed": seed, "class_label": label} for seed, label in own]
        self._sign(images, notes)

    def _check_sizes(self, network: Any, inputs: list[Inputs], output_type: str) -> None:
        """Raise `ValueError` for sizes that the network, the kind of output or the watermark does not go with."""
        sizes = sorted({tuple(each.pixels.shape[2:]) for each in inputs})
        if len(sizes) > 1 and output_type != "pil":
            shown = " and ".join(f"{width}x{height}" for height, width in sizes[:2])
            raise ValueError(f"images have sizes such as {shown}, and output_type={output_type!r} needs one; use 'pil'")
        if (key := self.config.get("watermark_key")) is not None and output_type in ("pil", "uint8"):
            check_watermark(key, network.scale * min(min(size) for size in sizes))
        for height, width in sizes:
            check_whole(network, height, width)

    def _network_for(self, reverse: bool) -> Any:
        if not reverse:
            return self.generator
        if self.reverse_generator is None:
            raise ValueError(f"{self.model_name} translates in one direction only; leave reverse out")
        return self.reverse_generator

    def _translate(self, network: Any, batches: list[Inputs], tile_size: int | None, output_type: str) -> Images:
        """Tile by tile, batch by batch; a bar shows where there are several."""
        places = [
            (number, tile) for number, batch in enumerate(batches) for tile in tiles_of(network, batch, tile_size)
        ]
        parts = []
        with self._running(network):
            bar = self.progress_bar(places) if len(places) > 1 else places
            for number, group in groupby(bar, key=lambda place: place[0]):
                canvas = Canvas(network, batches[number], output_type, self._execution_device)
                for _, tile in group:
                    with enough_memory(network, batches[number]):
                        canvas.add(tile)
                parts.append(canvas.finished(self.config.get("watermark_key")))
        return join(parts)
