"""Autoencoders of linear layers, with two heads (mean, log variance) or one for both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from ...models.mlp_vae import MLPVAE
from ..chain import Chain, Step, checked_range, path, side_of, steps_of
from ..checkpoint import Module
from . import _reading

PARTS = ("vae", "autoencoder")
LOG_VARIANCE = ("logvar", "log_var", "logsigma", "log_sigma", "sigma", "var", "std")  # in names of the second head


@dataclass(frozen=True, kw_only=True)
class Settings(_reading.Settings):
    """What shapes do not show."""

    activation: str = "relu"  # behind every hidden layer: relu, leaky_relu, leaky_relu:0.1, tanh, sigmoid or none
    output: str = "sigmoid"  # behind the last layer of the decoder, likewise
    value_range: str | None = (
        None  # of the images that go in and come out: 0,1 or -1,1; none: 0,1 behind sigmoid, else -1,1
    )


def read(modules: list[Module], settings: Settings) -> _reading.Reading:
    steps, unmatched = steps_of(modules)
    linear = [step for step in steps if step.op.kind == "linear"]
    unmatched += [step.op.name for step in steps if step.op.kind != "linear"]
    encoder_steps, heads, names, decoder_steps = _roles(linear)
    pixels = decoder_steps[-1].after
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
    return _reading.vae_reading(
        encoder,
        heads,
        decoder,
        size,
        channels,
        native=MLPVAE,
        native_config={
            "image_size": size,
            "image_channels": channels,
            "latent_dim": decoder_steps[0].before,
            "width": decoder_steps[0].after,
        },
        unmatched=unmatched,
        assumed=[
            f"mean and log variance by {names}, activation={settings.activation}, output={settings.output}",
            f"value_range={value_range}, image_size={size}, image_channels={channels}",
        ],
    )


def add_input(chain: Chain, value_range: str) -> None:
    """From [-1, 1] to the range that the network was trained on."""
    if value_range == "0,1":
        chain.add("scale", [0.5], [0.5])


def _hidden(chain: Chain, step: Step, settings: Settings) -> None:
    chain.add_linear(step.op)
    chain.add_norm(step.norm, settings.eps)
    chain.add_activation(settings.activation)


def _roles(steps: list[Step]) -> tuple[list[Step], tuple[Any, Any], str, list[Step]]:
    """Encoder, heads, their names, decoder: the one division in which shapes lead from pixels to latents and back."""
    for one, two in pairs_of_heads(steps):
        rest = [step for step in steps if step not in (one, two)]
        latent_dim = one.after if one is not two else one.after // 2
        for pixels in sorted({step.after for step in rest}, reverse=True):
            for encoder, decoder in _divisions(rest):
                there, back = path(encoder, pixels, one.before), path(decoder, latent_dim, pixels)
                if there is not None and back and pixels > latent_dim:
                    return there, head_tensors(one, two), head_names(one, two), back
    shapes = ", ".join(f"{step.op.name} {step.before}->{step.after}" for step in steps)
    raise ValueError(
        f"no two heads, encoder and decoder are found among {shapes or 'no linear layers'}; give part=NAME or map=FILE"
    )


def _divisions(steps: list[Step]) -> list[tuple[list[Step], list[Step]]]:
    """Two runs of layers, either of them first in the file."""
    halves = [(steps[:count], steps[count:]) for count in range(len(steps) + 1)]
    return [*halves, *((second, first) for first, second in halves)]


def pairs_of_heads(steps: list[Step]) -> list[tuple[Step, Step]]:
    """Two layers of one shape, mean first; then, for both in one, layers with an even number of outputs."""
    pairs = [(a, b) for i, a in enumerate(steps) for b in steps[i + 1 :] if a.op.weight.shape == b.op.weight.shape]
    ordered = [(b, a) if _is_log_variance(a) and not _is_log_variance(b) else (a, b) for a, b in pairs]
    return ordered + [(step, step) for step in steps if step.after % 2 == 0]


def _is_log_variance(step: Step) -> bool:
    return any(word in step.op.name.lower() for word in LOG_VARIANCE)


def head_tensors(one: Step, two: Step) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    if one is not two:
        return one.op.tensors, two.op.tensors
    halves = {name: tensor.chunk(2) for name, tensor in one.op.tensors.items()}
    return {name: half[0].clone() for name, half in halves.items()}, {
        name: half[1].clone() for name, half in halves.items()
    }


def head_names(one: Step, two: Step) -> str:
    return f"{one.op.name} and {two.op.name}" if one is not two else f"the halves of {one.op.name}"
