"""Pipelines that make images from latents: the call, walks between seeds, and grids."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import ImagePipelineOutput

from ._pipeline import Pipeline
from .drawing import Drawn, check_count, check_truncation, draw, draw_seeds, note_of
from .images import Images, check_output_type, grid
from .interpolation import MODES, walk
from .provenance import check_png_path, save_png

Forward = Callable[[torch.Tensor, torch.Tensor | None], torch.Tensor]


@dataclass
class GeneratedImages(ImagePipelineOutput):
    """Images, and what to ask for to get them again.

    images: as `output_type` says. seeds: N integers, image i is the one that `seed=seeds[i]` names; None where the
    caller's generators or latents made them. class_labels: N integers, or of mixed classes N times the weight of each;
    None for an unconditional model.
    """

    seeds: list[int] | None = None
    class_labels: list[int] | list[list[float]] | None = None


class LatentPipeline(Pipeline):
    """Calls its network on latents. A subclass says how, in `_forward`."""

    def _forward(self, latents: torch.Tensor, class_labels: torch.Tensor | None) -> torch.Tensor:
        """Latents [N, D] and labels [N], on the network's device, to images [N, C, H, W] in [-1, 1]."""
        raise NotImplementedError

    def _forward_at(self, truncation: float) -> Forward:
        """What makes images of latents that were multiplied by `truncation`."""
        return self._forward

    def __call__(
        self,
        num_images: int | None = None,
        *,
        class_labels: int | list[int] | torch.Tensor | None = None,
        seed: int | None = None,
        generator: torch.Generator | list[torch.Generator] | None = None,
        latents: torch.Tensor | None = None,
        truncation: float = 1.0,
        max_batch_size: int | None = None,
        output_type: str = "pil",
        return_dict: bool = True,
        batch_size: int | None = None,
    ) -> GeneratedImages | tuple[Images]:
        """Generate images.

        Args:
            num_images: how many; 1 unless latents, class labels or generators that are given one per image say
                otherwise.
            class_labels: of a conditional model: one for all images or one for each, int64 [N], from 0 to num_classes -
                1. Left out, each image draws its own. Where `capabilities.soft_labels`, also weights of classes, float
                [num_classes] or [N, num_classes], from 0 and with sum 1: classes are mixed. All weight on one class is
                that class.
            seed: image i draws all it needs from a CPU generator of its own, seeded with seed + i: seed 7 names the
                same image (to 1e-5) whatever `num_images`, `max_batch_size` and the device are. Left out, one is drawn
                from torch's global random state.
            generator: instead of a seed: one, from which the images draw one after another, or a list with one for each
                image.
            latents: float [N, D], instead of drawing them.
            truncation: from 0 to 2; the latents are multiplied by it. 1 is as trained; less gives more usual and less
                varied images. A network that asks for it (`standing_batches` in its config) then gets batch-norm
                statistics of such latents.
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
        drawn = draw(
            self.network,
            self.capabilities.num_classes,
            num_images=num_images,
            batch_size=batch_size,
            class_labels=class_labels,
            seed=seed,
            generator=generator,
            latents=latents,
        )
        truncation = float(truncation)
        images = self._make(drawn, truncation, max_batch_size, output_type)
        labels = None if drawn.class_labels is None else drawn.class_labels.tolist()
        if output_type == "pil":
            seeds, classes = drawn.seeds or [None] * len(images), note_of(drawn.class_labels) or [None] * len(images)
            self._sign(
                images,
                [{"seed": s, "class_label": c, "truncation": truncation} for s, c in zip(seeds, classes, strict=True)],
            )
        return GeneratedImages(images, drawn.seeds, labels) if return_dict else (images,)

    def interpolate(
        self,
        seeds: list[int],
        steps: int = 8,
        mode: str = "slerp",
        output_type: str = "pil",
        *,
        class_labels: int | list[int] | torch.Tensor | None = None,
        truncation: float = 1.0,
        max_batch_size: int | None = None,
    ) -> Images:
        """Walk from the image of each seed to that of the next.

        Args:
            seeds: two or more.
            steps: images from one seed to the next, both included; at least 2.
            mode: `slerp`, the great circle, which keeps the length of Gaussian latents; or `lerp`, the straight line.
            class_labels: of a conditional model: one for the whole walk or one for each seed. Left out, each seed draws
                its own. Labels are not mixed: each image takes that of the nearer seed.
            Others: as for a call.

        Returns:
            (len(seeds) - 1) (steps - 1) + 1 images; that at k (steps - 1) is the image of `seeds[k]`.

        Raises:
            ValueError: an argument is not what it may be.
        """
        self._check(truncation, max_batch_size, output_type)
        check_count("steps", steps, 2)
        if mode not in MODES:
            raise ValueError(f"mode={mode!r} is not known; use one of {', '.join(MODES)}")
        ends = draw_seeds(self.network, self.capabilities.num_classes, seeds, class_labels)
        positions = torch.arange((len(seeds) - 1) * (steps - 1) + 1) / (
            steps - 1
        )  # 0 is the first seed, 1 the second, ...
        labels = None if ends.class_labels is None else ends.class_labels[(positions + 0.5).long()]
        images = self._make(
            Drawn(walk(ends.latents, steps, mode), labels, None), truncation, max_batch_size, output_type
        )
        if output_type == "pil":
            classes = note_of(labels) or [None] * len(images)
            same = {"seeds": ends.seeds, "mode": mode, "truncation": float(truncation)}
            self._sign(
                images,
                [{**same, "position": p, "class_label": c} for p, c in zip(positions.tolist(), classes, strict=True)],
            )
        return images

    def save_grid(
        self,
        path: str | os.PathLike[str],
        num_images: int = 64,
        seed: int = 0,
        *,
        class_labels: int | list[int] | torch.Tensor | None = None,
        truncation: float = 1.0,
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
        made = self(
            num_images, class_labels=class_labels, seed=seed, truncation=truncation, max_batch_size=max_batch_size
        )
        settings = {"seed": made.seeds[0], "num_images": len(made.images), "class_labels": made.class_labels}
        return save_png(
            grid(made.images, columns),
            path,
            self.provenance(**settings, truncation=float(truncation)),
            overwrite=overwrite,
        )

    def _check(self, truncation: float = 1.0, max_batch_size: int | None = None, output_type: str = "pil") -> None:
        check_output_type(output_type)
        check_truncation(truncation)
        if max_batch_size is not None:
            check_count("max_batch_size", max_batch_size)

    def _make(self, drawn: Drawn, truncation: float, max_batch_size: int | None, output_type: str) -> Images:
        weight = next(self.network.parameters())
        latents = (truncation * drawn.latents).to(weight.device, weight.dtype)
        labels = None if drawn.class_labels is None else drawn.class_labels.to(weight.device)
        size, forward = max_batch_size or len(latents), self._forward_at(truncation)

        def part(start: int) -> Images:
            batch = slice(start, start + size)
            return self._convert(forward(latents[batch], None if labels is None else labels[batch]), output_type)

        return self._in_batches(part, len(latents), size)
