"""Generators of transposed convolutions, from latents as a 1x1 map or behind a linear layer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from ...models.dcgan import DCGANGenerator
from ..chain import Chain, Step, Way, steps_of, walk, ways
from ..checkpoint import Module
from . import _reading

PARTS = ("generator", "netG", "G", "gen", "g_ema")


@dataclass(frozen=True, kw_only=True)
class Settings(_reading.Settings):
    """What shapes do not show."""

    stride: str | None = (
        None  # of the transposed convolutions: one number or one for each, joined with commas; none: tried
    )
    padding: str | None = None  # likewise
    activation: str = "relu"  # behind every layer but the last: relu, leaky_relu, leaky_relu:0.1, tanh, sigmoid or none
    stem_activation: str | None = None  # behind the linear layer ahead of the convolutions; none: as behind the others
    output: str = "tanh"  # behind the last, likewise
    value_range: str | None = None  # of the images that come out: 0,1 or -1,1; none: 0,1 behind sigmoid, else -1,1
    latent_distribution: str = "normal"  # normal, uniform or truncated


def read(modules: list[Module], settings: Settings) -> _reading.Reading:
    steps, unmatched = steps_of(modules)
    convolutions = [step for step in steps if step.op.kind == "conv"]
    linear = [step for step in steps if step.op.kind == "linear"]
    check_transposed(convolutions)
    unmatched += [step.op.name for step in linear[1:]]
    stem = linear[0] if linear else None
    start, combination, others = _sizes(stem, convolutions, settings)
    size = walk(start, convolutions, combination, up=True)
    chain = Chain()
    add_stem(chain, stem, convolutions[0], start, settings)
    add_convolutions(chain, convolutions, combination, settings)
    value_range = chain.add_output(settings.output, settings.value_range)
    latent_dim = stem.before if stem else convolutions[0].op.weight.shape[0]
    channels = convolutions[-1].op.weight.shape[1]
    if settings.image_channels not in (None, channels):
        raise ValueError(f"image_channels={settings.image_channels}, but the last layer gives {channels}")
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
        unmatched=unmatched,
        assumed=[
            spelled(combination, others),
            f"activation={settings.activation}, output={settings.output}, value_range={value_range}, eps={settings.eps:g}",
            f"image_size={size}, image_channels={channels}, latent_distribution={settings.latent_distribution}",
        ],
    )


def check_transposed(convolutions: list[Step]) -> None:
    """Raise `ValueError` where the convolutions do not follow one another as transposed ones."""
    if not convolutions:
        raise ValueError("there is no convolution in the checkpoint; is it of this family?")
    shapes = ", ".join(f"{step.op.name} {list(step.op.weight.shape)}" for step in convolutions)
    if any(one.op.weight.shape[1] != other.op.weight.shape[0] for one, other in pairwise(convolutions)):
        raise ValueError(
            f"the convolutions do not follow one another as transposed ones ({shapes}); give their order with map=FILE, or part=NAME"
        )


def _sizes(stem: Step | None, convolutions: list[Step], settings: Settings) -> tuple[int, list[Way], int]:
    """Side of the first map, a way for each convolution, and how many other ways lead to the same size."""
    start = 1
    if stem is not None:
        start = math.isqrt(stem.after // convolutions[0].op.weight.shape[0])
        if start**2 * convolutions[0].op.weight.shape[0] != stem.after:
            raise ValueError(
                f"{stem.op.name} gives {stem.after} numbers, which are no square map for {convolutions[0].op.name}"
            )
    found = list(
        ways(convolutions, [start], settings.image_size, up=True, stride=settings.stride, padding=settings.padding)
    )
    if not found:
        raise ValueError(
            f"no usual strides and paddings lead to image_size={settings.image_size}; give stride= and padding="
        )
    return start, found[0][1], len(found) - 1 if settings.image_size else 0


def add_stem(chain: Chain, stem: Step | None, first: Step, side: int, settings: Settings | _reading.Any) -> None:
    """From latents to the first map."""
    channels = first.op.weight.shape[0]
    if stem is None:
        chain.add("unflatten", channels, 1)
        return
    chain.add_linear(stem.op)
    on_maps = stem.norm is not None and len(stem.norm.tensors["running_mean"]) != stem.after
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


def spelled(combination: list[Way], others: int = 0) -> str:
    strides, paddings, more = (",".join(map(str, each)) for each in zip(*combination, strict=True))
    also = f" ({others} other combinations give the same size: choose with stride= and padding=)" if others else ""
    return f"stride={strides}, padding={paddings}, output padding {more}{also}"
