"""Generators of transposed convolutions, from latents as a 1x1 map or behind a linear layer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from ...models.dcgan import DCGANGenerator
from ..geometry import FIRST_STRIDE, Geometry, Step, is_usual, ordered, spelled, steps_of, walk, ways
from ..layer_chain import Chain, Way
from ..state_dict import Module
from . import _reading

PARTS = ("generator", "netG", "G", "gen", "g_ema")


@dataclass(frozen=True, kw_only=True)
class Settings(_reading.Settings):
    """What shapes do not show."""

    stride: str | None = (
        None  # of the transposed convolutions: one number or one for each, joined with commas; none: tried
    )
    padding: str | None = None  # likewise
    output_padding: str | None = None  # likewise
    activation: str = "relu"  # behind every layer but the last: relu, leaky_relu, leaky_relu:0.1, tanh, sigmoid or none
    stem_activation: str | None = None  # behind the linear layer ahead of the convolutions; none: as behind the others
    output: str = "tanh"  # behind the last, likewise
    value_range: str | None = None  # of the images that come out: 0,1 or -1,1; none: 0,1 behind sigmoid, else -1,1
    latent_distribution: str = "normal"  # normal, uniform or truncated


def read(modules: list[Module], settings: Settings) -> list[Geometry]:
    steps, unmatched = steps_of(modules)
    convolutions = [step for step in steps if step.op.kind == "conv"]
    linear = [step for step in steps if step.op.kind == "linear"]
    _reading.refuse_unmatched([*unmatched, *(step.op.name for step in linear[1:])])
    check_transposed(convolutions)
    channels = convolutions[-1].op.weight.shape[1]
    if settings.image_channels not in (None, channels):
        raise ValueError(f"image_channels={settings.image_channels}, but the last layer gives {channels}")
    stem = linear[0] if linear else None
    start = _first_side(stem, convolutions[0])
    found = ordered(_geometries(stem, convolutions, start, settings))
    if not found:
        raise ValueError(
            f"no usual strides and paddings lead to image_size={settings.image_size}; give stride= and padding="
        )
    return found


def _geometries(stem: Step | None, convolutions: list[Step], start: int, settings: Settings) -> Iterator[Geometry]:
    found = ways(
        convolutions,
        [start],
        settings.image_size,
        up=True,
        stride=settings.stride,
        padding=settings.padding,
        output_padding=settings.output_padding,
    )
    for _, combination in found:
        size = walk(start, convolutions, combination, up=True)
        yield Geometry(
            {"image_size": str(size), **spelled(combination)},
            partial(_reading_of, stem, convolutions, start, combination, settings),
            is_usual(convolutions, combination, start, up=True),
            FIRST_STRIDE if start == 1 and settings.stride is None else "",
        )


def _reading_of(
    stem: Step | None, convolutions: list[Step], start: int, combination: list[Way], settings: Settings
) -> _reading.Reading:
    size, channels = walk(start, convolutions, combination, up=True), convolutions[-1].op.weight.shape[1]
    chain = Chain()
    add_stem(chain, stem, convolutions[0], start, settings)
    add_convolutions(chain, convolutions, combination, settings)
    value_range = chain.add_output(settings.output, settings.value_range)
    latent_dim = stem.in_channels if stem else convolutions[0].op.weight.shape[0]
    config = {
        "image_size": size,
        "image_channels": channels,
        "latent_dim": latent_dim,
        "latent_distribution": settings.latent_distribution,
    }
    return _reading.generator_reading(
        chain,
        size,
        channels,
        latent_dim,
        settings.latent_distribution,
        native=DCGANGenerator,
        native_config=config | {"width": convolutions[-1].op.weight.shape[0]},
        assumed=[
            f"activation={settings.activation}, output={settings.output}, value_range={value_range}, "
            f"eps={settings.eps:g}, image_channels={channels}, latent_distribution={settings.latent_distribution}",
        ],
    )


def check_transposed(convolutions: list[Step]) -> None:
    """Raise `ValueError` where the convolutions do not follow one another as transposed ones."""
    if not convolutions:
        raise ValueError("there is no convolution in the checkpoint; is it of this family?")
    if all(one.out_channels == other.in_channels for one, other in pairwise(convolutions)):
        _reading.refuse_discriminator(convolutions[-1].out_channels, convolutions[-1].op.name)
    shapes = ", ".join(f"{step.op.name} {list(step.op.weight.shape)}" for step in convolutions)
    if any(one.op.weight.shape[1] != other.op.weight.shape[0] for one, other in pairwise(convolutions)):
        raise ValueError(
            f"the convolutions do not follow one another as transposed ones ({shapes}); give their order with "
            "map=FILE, or part=NAME"
        )


def _first_side(stem: Step | None, first: Step) -> int:
    """Pixels a side of the first map."""
    if stem is None:
        return 1
    channels = first.op.weight.shape[0]
    start = math.isqrt(stem.out_channels // channels)
    if start**2 * channels != stem.out_channels:
        raise ValueError(
            f"{stem.op.name} gives {stem.out_channels} numbers, which are no square map for {first.op.name}"
        )
    return start


def add_stem(chain: Chain, stem: Step | None, first: Step, side: int, settings: Settings | _reading.Any) -> None:
    """From latents to the first map."""
    channels = first.op.weight.shape[0]
    if stem is None:
        chain.add("unflatten", channels, 1)
        return
    chain.add_linear(stem.op)
    on_maps = stem.norm is not None and len(stem.norm.tensors["running_mean"]) != stem.out_channels
    if not on_maps:
        chain.add_norm(stem.norm, settings.eps)
    chain.add("unflatten", channels, side)
    if on_maps:
        chain.add_norm(stem.norm, settings.eps)
    chain.add_activation(settings.activation if settings.stem_activation is None else settings.stem_activation)


def add_convolutions(chain: Chain, convolutions: list[Step], combination: list[Way], settings: _reading.Any) -> None:
    for number, (step, way) in enumerate(zip(convolutions, combination, strict=True)):
        chain.add_conv_transpose(step.op, way)
        chain.add_norm(step.norm, settings.eps)
        if number < len(convolutions) - 1:
            chain.add_activation(settings.activation)
