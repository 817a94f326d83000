"""Autoencoders of convolutions: halvings to a linear posterior, a linear layer and transposed convolutions back."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from ...models.conv_vae import ConvVAE
from ..geometry import FIRST_STRIDE, SIZES, Geometry, Step, is_usual, ordered, spelled, steps_of, ways
from ..layer_chain import Chain, Way, checked_range
from ..state_dict import Module
from . import _reading
from .dcgan import Settings as DCGANSettings
from .dcgan import add_convolutions, add_stem
from .mlp_vae import add_input, divisions, head_names, head_tensors, pairs_of_heads

PARTS = ("vae", "autoencoder")


@dataclass(frozen=True, kw_only=True)
class Settings(_reading.Settings):
    """What shapes do not show."""

    stride: str | None = (
        None  # of the encoder's convolutions: one number or one for each, joined with commas; none: tried
    )
    padding: str | None = None  # likewise
    decoder_stride: str | None = None  # of the decoder's transposed convolutions, likewise
    decoder_padding: str | None = None  # likewise
    decoder_output_padding: str | None = None  # likewise
    activation: str = "relu"  # behind every hidden layer: relu, leaky_relu, leaky_relu:0.1, tanh, sigmoid or none
    stem_activation: str = "none"  # behind the linear layer from the latents to the first map
    output: str = "sigmoid"  # behind the last layer of the decoder
    value_range: str | None = (
        None  # of the images that go in and come out: 0,1 or -1,1; none: 0,1 behind sigmoid, else -1,1
    )


@dataclass(frozen=True)
class _Division:
    """Which layers are what."""

    down: list[Step]
    hidden: list[Step]  # linear, between the convolutions and the heads
    heads: tuple[Step, Step]
    stem: list[Step]  # linear, from the latents to the first map
    up: list[Step]


def read(modules: list[Module], settings: Settings) -> list[Geometry]:
    steps, unmatched = steps_of(modules)
    _reading.refuse_unmatched(unmatched)
    division = _divide(steps)
    found = ordered(_geometries(division, settings))
    if not found:
        raise ValueError(
            f"no usual strides and paddings fit image_size={settings.image_size or 'any usual size'}; give image_size="
            ", stride=, padding= and decoder_...="
        )
    return found


def _geometries(division: _Division, settings: Settings) -> Iterator[Geometry]:
    flat = [*division.hidden, division.heads[0]][0].in_channels
    middle = math.isqrt(flat // division.down[-1].out_channels)
    start = math.isqrt(division.stem[-1].out_channels // division.up[0].op.weight.shape[0])
    for size in [settings.image_size] if settings.image_size else SIZES:
        there = ways(division.down, [size], middle, up=False, stride=settings.stride, padding=settings.padding)
        back = list(
            ways(
                division.up,
                [start],
                size,
                up=True,
                stride=settings.decoder_stride,
                padding=settings.decoder_padding,
                output_padding=settings.decoder_output_padding,
            )
        )
        for _, down in there:
            for _, up in back:
                usual = is_usual(division.down, down, size, up=False) and is_usual(division.up, up, start, up=True)
                yield Geometry(
                    {"image_size": str(size), **spelled(down, up=False), **spelled(up, "decoder_")},
                    partial(_reading_of, division, size, down, start, up, settings),
                    usual and size % 2 ** len(down) == 0,
                    FIRST_STRIDE if start == 1 and settings.decoder_stride is None else "",
                )


def _reading_of(
    division: _Division, size: int, down: list[Way], start: int, up: list[Way], settings: Settings
) -> _reading.Reading:
    channels = division.down[0].in_channels
    value_range = checked_range(settings.value_range) or ("0,1" if settings.output == "sigmoid" else "-1,1")
    return _reading.vae_reading(
        _encoder(division, down, value_range, settings),
        head_tensors(*division.heads),
        _decoder(division, start, up, value_range, settings),
        size,
        channels,
        native=ConvVAE,
        native_config={
            "image_size": size,
            "image_channels": channels,
            "latent_dim": division.stem[0].in_channels,
            "width": division.down[0].out_channels,
        },
        assumed=[
            f"mean and log variance by {head_names(*division.heads)}, activation={settings.activation}, "
            f"stem_activation={settings.stem_activation}, output={settings.output}, value_range={value_range}, "
            f"eps={settings.eps:g}, image_channels={channels}",
        ],
    )


def _encoder(division: _Division, combination: list[Way], value_range: str, settings: Settings) -> Chain:
    chain = Chain()
    add_input(chain, value_range)
    for step, way in zip(division.down, combination, strict=True):
        chain.add_conv(step.op, way)
        chain.add_norm(step.norm, settings.eps)
        chain.add_activation(settings.activation)
    chain.add("flatten")
    for step in division.hidden:
        chain.add_linear(step.op)
        chain.add_norm(step.norm, settings.eps)
        chain.add_activation(settings.activation)
    return chain


def _decoder(division: _Division, start: int, back: list[Way], value_range: str, settings: Settings) -> Chain:
    chain = Chain()
    for step in division.stem[:-1]:
        chain.add_linear(step.op)
        chain.add_norm(step.norm, settings.eps)
        chain.add_activation(settings.activation)
    layers = DCGANSettings(activation=settings.activation, stem_activation=settings.stem_activation, eps=settings.eps)
    add_stem(chain, division.stem[-1], division.up[0], start, layers)
    add_convolutions(chain, division.up, back, layers)
    chain.add_output(settings.output, value_range)
    return chain


def _divide(steps: list[Step]) -> _Division:
    """The one division whose shapes follow one another from pixels to latents and back."""
    convolutions, linear = ([step for step in steps if step.op.kind == kind] for kind in ("conv", "linear"))
    for one, two in pairs_of_heads(linear):
        rest = [step for step in linear if step not in (one, two)]
        latent_dim = one.out_channels if one is not two else one.out_channels // 2
        for hidden, stem in divisions(rest):
            division = _convolved(convolutions, hidden, stem, (one, two), latent_dim)
            if division is not None:
                return division
    shapes = ", ".join(f"{step.op.name} {list(step.op.weight.shape)}" for step in steps)
    raise ValueError(
        f"no encoder, two heads and decoder are found among {shapes or 'no layers'}; give part=NAME, map=FILE"
    )


def _convolved(
    convolutions: list[Step], hidden: list[Step], stem: list[Step], heads: tuple[Step, Step], latent_dim: int
) -> _Division | None:
    chained = [*hidden, heads[0]]
    if not stem or stem[0].in_channels != latent_dim:
        return None
    if any(one.out_channels != other.in_channels for steps in (chained, stem) for one, other in pairwise(steps)):
        return None
    for down, up in divisions(convolutions):
        if not down or not up:
            continue
        follows = all(one.out_channels == other.in_channels for one, other in pairwise(down))
        follows &= all(one.op.weight.shape[1] == other.op.weight.shape[0] for one, other in pairwise(up))
        same_images = down[0].in_channels == up[-1].op.weight.shape[1] and down[0].in_channels in (1, 3)
        if (
            follows
            and same_images
            and not chained[0].in_channels % down[-1].out_channels
            and not stem[-1].out_channels % up[0].op.weight.shape[0]
        ):
            return _Division(down, hidden, heads, stem, up)
    return None
