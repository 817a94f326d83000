"""Autoencoders of linear layers, with two heads (mean, log variance) or one for both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from ...models.mlp_vae import MLPVAE
from ..checkpoint_parts import words_of
from ..geometry import Geometry, Step, path, side_of, steps_of
from ..layer_chain import Chain, checked_range
from ..state_dict import Module
from . import _reading

PARTS = ("vae", "autoencoder")
ENCODER, DECODER = {"encoder", "enc", "encode", "recognition"}, {"decoder", "dec", "decode", "generator"}  # in names
MEAN = {"mu", "mean", "means", "loc"}
LOG_VARIANCE = ("logvar", "log_var", "logsigma", "log_sigma", "sigma", "var", "std")  # in names of the second head


@dataclass(frozen=True, kw_only=True)
class Settings(_reading.Settings):
    """What shapes do not show."""

    activation: str = "relu"  # behind every hidden layer: relu, leaky_relu, leaky_relu:0.1, tanh, sigmoid or none
    output: str = "sigmoid"  # behind the last layer of the decoder, likewise
    value_range: str | None = (
        None  # of the images that go in and come out: 0,1 or -1,1; none: 0,1 behind sigmoid, else -1,1
    )


def read(modules: list[Module], settings: Settings) -> list[Geometry]:
    steps, unmatched = steps_of(modules)
    linear = [step for step in steps if step.op.kind == "linear"]
    _reading.refuse_unmatched([*unmatched, *(step.op.name for step in steps if step.op.kind != "linear")])
    encoder_steps, heads, names, decoder_steps = _roles(linear)
    pixels = decoder_steps[-1].out_channels
    size, channels = side_of(pixels, settings.image_size, settings.image_channels)
    encoder, decoder = Chain(), Chain()
    value_range = checked_range(settings.value_range) or ("0,1" if settings.output == "sigmoid" else "-1,1")
    add_input(encoder, value_range)
    encoder.add("flatten")
    for step in encoder_steps:
        _hidden(encoder, step, settings)
    for step in decoder_steps[:-1]:
        _hidden(decoder, step, settings)
    decoder.add_linear(decoder_steps[-1].op)
    decoder.add_output(settings.output, value_range)
    reading = _reading.vae_reading(
        encoder,
        heads,
        decoder,
        size,
        channels,
        native=MLPVAE,
        native_config={
            "image_size": size,
            "image_channels": channels,
            "latent_dim": decoder_steps[0].in_channels,
            "width": decoder_steps[0].out_channels,
        },
        assumed=[
            f"mean and log variance by {names}, activation={settings.activation}, output={settings.output}",
            f"value_range={value_range}, image_size={size}, image_channels={channels}",
        ],
    )
    return [Geometry({}, lambda: reading)]


def add_input(chain: Chain, value_range: str) -> None:
    """From [-1, 1] to the range that the network was trained on."""
    if value_range == "0,1":
        chain.add("scale", [0.5], [0.5])


def _hidden(chain: Chain, step: Step, settings: Settings) -> None:
    chain.add_linear(step.op)
    chain.add_norm(step.norm, settings.eps)
    chain.add_activation(settings.activation)


def _roles(steps: list[Step]) -> tuple[list[Step], tuple[Any, Any], str, list[Step]]:
    """Encoder, heads, their names, decoder: names decide where they say it, shapes among what names leave."""
    for one, two in pairs_of_heads(steps):
        rest = [step for step in steps if step not in (one, two)]
        latent_dim = one.out_channels if one is not two else one.out_channels // 2
        for pixels in sorted({step.out_channels for step in rest}, reverse=True):
            for encoder, decoder in divisions(rest):
                there, back = path(encoder, pixels, one.in_channels), path(decoder, latent_dim, pixels)
                if there is not None and back and pixels > latent_dim:
                    return there, head_tensors(one, two), head_names(one, two), back
    shapes = ", ".join(f"{step.op.name} {step.in_channels}->{step.out_channels}" for step in steps)
    raise ValueError(
        f"no two heads, encoder and decoder are found among {shapes or 'no linear layers'}; give part=NAME or map=FILE"
    )


def side_named(step: Step) -> str | None:
    """encoder or decoder, where the name of a layer says it."""
    words = words_of(step.op.name)
    return "encoder" if words & ENCODER else "decoder" if words & DECODER else None


def divisions(steps: list[Step]) -> list[tuple[list[Step], list[Step]]]:
    """(of the encoder, of the decoder): two runs of layers, either of them first in the file, that the names allow."""
    halves = [(steps[:count], steps[count:]) for count in range(len(steps) + 1)]
    found = [*halves, *((second, first) for first, second in halves)]
    return [
        (encoder, decoder)
        for encoder, decoder in found
        if all(side_named(step) != "decoder" for step in encoder)
        and all(side_named(step) != "encoder" for step in decoder)
    ]


def pairs_of_heads(steps: list[Step]) -> list[tuple[Step, Step]]:
    """Two layers of one shape, mean first, those with such names before others; then, for both in one, layers with an
    even number of outputs. None is a layer that is named as the decoder's.
    """
    steps = [step for step in steps if side_named(step) != "decoder"]
    pairs = [(a, b) for i, a in enumerate(steps) for b in steps[i + 1 :] if a.op.weight.shape == b.op.weight.shape]
    in_order = [(b, a) if _is_log_variance(a) and not _is_log_variance(b) else (a, b) for a, b in pairs]
    named = sorted(in_order, key=lambda pair: not (words_of(pair[0].op.name) & MEAN and _is_log_variance(pair[1])))
    return named + [(step, step) for step in steps if step.out_channels % 2 == 0]


def _is_log_variance(step: Step) -> bool:
    return any(word in step.op.name.rpartition(".")[2].lower() for word in LOG_VARIANCE)


def head_tensors(one: Step, two: Step) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    if one is not two:
        return one.op.tensors, two.op.tensors
    halves = {name: tensor.chunk(2) for name, tensor in one.op.tensors.items()}
    return {name: half[0].clone() for name, half in halves.items()}, {
        name: half[1].clone() for name, half in halves.items()
    }


def head_names(one: Step, two: Step) -> str:
    return f"{one.op.name} and {two.op.name}" if one is not two else f"the halves of {one.op.name}"
