"""Generators of linear layers, with or without batch norm."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from ...models.mlp_gan import MLPGANGenerator
from ..geometry import Geometry, path, side_of, steps_of
from ..layer_chain import Chain
from ..state_dict import Module
from . import _reading

PARTS = ("generator", "netG", "G", "gen", "g_ema")


@dataclass(frozen=True, kw_only=True)
class Settings(_reading.Settings):
    """What shapes do not show."""

    activation: str = (
        "leaky_relu"  # behind every layer but the last: relu, leaky_relu, leaky_relu:0.1, tanh, sigmoid or none
    )
    output: str = "tanh"  # behind the last, likewise
    value_range: str | None = None  # of the images that come out: 0,1 or -1,1; none: 0,1 behind sigmoid, else -1,1
    latent_distribution: str = "normal"  # normal, uniform or truncated


def read(modules: list[Module], settings: Settings) -> list[Geometry]:
    steps, unmatched = steps_of(modules)
    linear = [step for step in steps if step.op.kind == "linear"]
    if not linear:
        raise ValueError("there is no linear layer in the checkpoint; is it an mlp_gan?")
    _reading.refuse_unmatched([*unmatched, *(step.op.name for step in steps if step.op.kind != "linear")])
    ordered = linear if _chains(linear) else _ordered(linear)
    if ordered is None:
        shapes = ", ".join(f"{step.op.name} {step.in_channels}->{step.out_channels}" for step in linear)
        raise ValueError(
            f"the linear layers do not follow one another ({shapes}); give their order with map=FILE, or part=NAME"
        )
    _reading.refuse_discriminator(ordered[-1].out_channels, ordered[-1].op.name)
    size, channels = side_of(ordered[-1].out_channels, settings.image_size, settings.image_channels)
    chain = Chain()
    for number, step in enumerate(ordered):
        chain.add_linear(step.op)
        chain.add_norm(step.norm, settings.eps)
        if number < len(ordered) - 1:
            chain.add_activation(settings.activation)
    value_range = chain.add_output(settings.output, settings.value_range)
    latent_dim, width = ordered[0].in_channels, ordered[0].out_channels
    reading = _reading.generator_reading(
        chain,
        size,
        channels,
        latent_dim,
        settings.latent_distribution,
        native=MLPGANGenerator,
        native_config={
            "image_size": size,
            "image_channels": channels,
            "latent_dim": latent_dim,
            "width": width,
            "latent_distribution": settings.latent_distribution,
        },
        assumed=[
            f"activation={settings.activation}, output={settings.output}, value_range={value_range}, "
            f"eps={settings.eps:g}",
            f"image_size={size}, image_channels={channels}, latent_distribution={settings.latent_distribution}",
        ],
    )
    return [Geometry({}, lambda: reading)]


def _chains(steps: list[_reading.Any]) -> bool:
    return all(one.out_channels == other.in_channels for one, other in itertools.pairwise(steps))


def _ordered(steps: list[_reading.Any]) -> list[_reading.Any] | None:
    """From the one number of features that no layer gives to that which none takes."""
    starts, ends = (
        {s.in_channels for s in steps} - {s.out_channels for s in steps},
        {s.out_channels for s in steps} - {s.in_channels for s in steps},
    )
    return path(steps, *starts, *ends) if len(starts) == len(ends) == 1 else None
