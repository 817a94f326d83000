"""What a translator is given: images, and with them a mask, a style and a strength, each checked and prepared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from numbers import Real
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps

from .images import as_float, check_images, pictures_of, prepare_each, upright
from .sampling import check_labels, draw
from .tiles import Inputs, padded_side, reflected, tiles_of

LARGEST_STYLE = 1024  # pixels a side; larger pictures are made smaller before their style is taken
SAME_SHAPE = 0.01  # by which the proportions of a mask may differ from those of its picture

Pictures = Image.Image | list[Image.Image] | torch.Tensor


def inputs_of(
    network: Any,
    images: Pictures,
    mask: Pictures | None,
    style: Pictures | None,
    strength: float | None,
    class_labels: Any = None,
    **sampling: Any,
) -> tuple[list[Inputs], list[int] | None]:
    """Each image with what belongs to it, one by one, and the seeds of their latents; arguments as for a call of
    `ImageTranslationPipeline`. sampling: `seed`, `generator`, `latents`.

    Raises:
        ValueError: an argument is not what it may be, or the network takes something else.
    """
    for name, value in (("mask", mask), ("style", style)):
        _check_declared(network, name, value)
    _check_sampling(network, class_labels, sampling)
    check_strength(network, strength)
    size = None if network.size_multiple else network.config.image_size
    pixels = prepare_each(images, network.config.input_channels, size)
    masks = [None] * len(pixels) if mask is None else _masks(mask, pixels, size)
    styles = [None] * len(pixels) if style is None else _styles(network, style, len(pixels))
    labels, latents, seeds = _sampled(network, len(pixels), class_labels, **sampling)
    together = zip(pixels, masks, styles, labels, latents, strict=True)
    return [
        Inputs(image, each_mask, each_style, strength, label, each_latents)
        for image, each_mask, each_style, label, each_latents in together
    ], seeds


def batches_of(inputs: list[Inputs], size: int | None, network: Any, tile_size: int | None) -> list[Inputs]:
    """Neighbours of one form joined, at most `size` of them; an image that is made in tiles stays alone."""
    return [_joined(part) for part in _parts(inputs, size, network, tile_size)]


def check_strength(network: Any, strength: Any) -> None:
    """Raise `ValueError` unless a network takes this strength. None is fine."""
    if strength is None:
        return
    if "strength" not in network.conditions:
        raise ValueError(f"strength is given, but {type(network).__name__} has none; leave it out")
    if isinstance(strength, bool) or not isinstance(strength, Real) or not 0 <= strength <= 1:
        raise ValueError(f"strength={strength!r} is not possible; give a number from 0 to 1")


def _check_sampling(network: Any, class_labels: Any, sampling: dict[str, Any]) -> None:
    """Raise `ValueError` for a seed or latents that the network does not take, and without a class that it needs."""
    if class_labels is None and "labels" in network.conditions:
        raise ValueError(f"{type(network).__name__} is conditioned on a class; give class_labels= as well")
    for name, value in sampling.items():
        if value is not None and "latents" not in network.conditions:
            raise ValueError(
                f"{name} is given, but {type(network).__name__} samples nothing: an image has one translation; leave "
                "it out"
            )


def _sampled(
    network: Any, count: int, class_labels: Any, seed: Any, generator: Any, latents: Any
) -> tuple[list[torch.Tensor | None], list[torch.Tensor | None], list[int] | None]:
    """Labels [1] and latents [1, D] of each image, and its seed; None where the network takes none."""
    classes = (network.config.get("num_classes") or 0) if "labels" in network.conditions else 0
    labels = check_labels(network, class_labels, classes, network.class_names, count)
    each_label = [None] * count if labels is None else list(labels.split(1))
    if "latents" not in network.conditions:
        return each_label, [None] * count, None
    inputs = draw(network, 0, num_images=count, seed=seed, generator=generator, latents=latents)
    return each_label, list(inputs.latents.split(1)), inputs.seeds


def _check_declared(network: Any, name: str, value: Any) -> None:
    takes, own = name in network.conditions, type(network).__name__
    if value is not None and not takes:
        raise ValueError(f"{name} is given, but {own} takes none; leave it out")
    if value is None and takes:
        raise ValueError(f"{own} needs a {name}; give {name}= as well")


def _masks(mask: Any, pixels: list[torch.Tensor], image_size: int | None) -> list[torch.Tensor]:
    """bool [1, 1, H, W] for each image, of its size."""
    if isinstance(mask, torch.Tensor):
        masks = _mask_tensors(mask, len(pixels))
    else:
        pictures = _for_each("mask", pictures_of(mask, "mask"), len(pixels))
        masks = [_mask_of(each, image, image_size) for each, image in zip(pictures, pixels, strict=True)]
    for each, image in zip(masks, pixels, strict=True):
        if each.shape[2:] != image.shape[2:]:
            raise _other_size(each.shape[3], each.shape[2], image)
        if not each.any():
            raise ValueError("mask marks nothing; make white what is to be filled in")
    return masks


def _mask_tensors(mask: torch.Tensor, count: int) -> list[torch.Tensor]:
    if mask.dim() != 4 or mask.shape[1] != 1 or len(mask) not in (1, count):
        raise ValueError(
            f"mask is {mask.dtype} {list(mask.shape)}; give float [{count}, 1, H, W], 1 where it is filled in"
        )
    return _for_each("mask", list((mask.float() > 0.5).cpu().split(1)), count)


def _mask_of(picture: Image.Image, image: torch.Tensor, image_size: int | None) -> torch.Tensor:
    """White of a picture, which has the proportions of the image or, for a network of one size, is cut like it."""
    size = (image.shape[3], image.shape[2])
    grey = upright(picture).convert("L")
    if image_size is not None:
        grey = ImageOps.fit(grey, size, Image.Resampling.NEAREST)
    elif abs(grey.width * size[1] / (grey.height * size[0]) - 1) > SAME_SHAPE:
        raise _other_size(*grey.size, image)
    levels = np.array(grey if grey.size == size else grey.resize(size, Image.Resampling.NEAREST))
    return torch.from_numpy(levels > 127)[None, None]


def _other_size(width: int, height: int, image: torch.Tensor) -> ValueError:
    own = f"{image.shape[3]}x{image.shape[2]}"
    return ValueError(f"mask is {width}x{height}, and its image {own}; give a mask of the image's size")


def _styles(network: Any, style: Any, count: int) -> list[torch.Tensor]:
    """float [1, C, h, w] for each image, of sides that the network takes."""
    config = network.config
    channels = config.get("style_channels") or config.input_channels
    if isinstance(style, torch.Tensor):
        return _for_each("style", list(check_images(style, channels).split(1)), count)
    pictures = pictures_of(style, "style")
    smaller = [_at_most(each, LARGEST_STYLE) for each in pictures]
    size = None if network.size_multiple else config.image_size
    prepared = [_padded(as_float(each), network.size_multiple or 1) for each in prepare_each(smaller, channels, size)]
    return _for_each("style", prepared, count)


def _at_most(picture: Image.Image, side: int) -> Image.Image:
    return ImageOps.contain(picture, (side, side)) if max(picture.size) > side else picture


def _padded(image: torch.Tensor, multiple: int) -> torch.Tensor:
    height, width = image.shape[2:]
    rows = reflected(height, padded_side(height, multiple))
    return image[:, :, rows][..., reflected(width, padded_side(width, multiple))]


def _for_each(name: str, values: list[Any], count: int) -> list[Any]:
    if len(values) not in (1, count):
        raise ValueError(f"there are {len(values)} of {name} for {count} images; give one for all, or one for each")
    return values * count if len(values) == 1 else values


def _parts(inputs: list[Inputs], size: int | None, network: Any, tile_size: int | None) -> Iterator[list[Inputs]]:
    for _, group in groupby(inputs, key=_form):
        same = list(group)
        most = 1 if len(tiles_of(network, same[0], tile_size)) > 1 else size or len(same)
        yield from (same[start : start + most] for start in range(0, len(same), most))


def _form(inputs: Inputs) -> tuple[Any, ...]:
    return inputs.pixels.shape, inputs.pixels.dtype, None if inputs.style is None else inputs.style.shape


def _joined(parts: list[Inputs]) -> Inputs:
    first = parts[0]
    if len(parts) == 1:
        return first
    names = [name for name in ("pixels", "mask", "style", "labels", "latents") if getattr(first, name) is not None]
    return replace(first, **{name: torch.cat([getattr(part, name) for part in parts]) for name in names})
