"""Generators of ProGAN in the layout of pytorch_GAN_zoo (`netG`, `avgG`), grown to their full size."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import torch

from ...layers.pyramid import channels_of
from ...models.progan import ProGANGenerator
from ..geometry import Geometry
from ..state_dict import Module
from . import _reading

PARTS = ("avgG", "netG", "generator", "G")
KIND = "ProGAN generator of pytorch_GAN_zoo"


@dataclass(frozen=True, kw_only=True)
class Settings(_reading.Settings):
    """What shapes do not show."""


def read(modules: list[Module], settings: Settings) -> list[Geometry]:
    given = {re.sub(r"\.module$", "", module.name): module.tensors for module in modules}
    blocks = len({name.split(".")[1] for name in given if name.startswith("scaleLayers.")})
    names = {"linear": "formatLayer", "first": "groupScale0.0"}
    names |= {f"to_image.{number}": f"toRGBLayers.{number}" for number in range(blocks + 1)}
    names |= {
        f"blocks.{number}.{part}": f"scaleLayers.{number}.{place}"
        for number in range(blocks)
        for place, part in enumerate(("first", "second"))
    }
    _check_names(given, names)
    network = _network(given, blocks, settings)
    own = network.state_dict()
    tensors = {"stage": own["stage"]}
    for ours, theirs in names.items():
        tensors |= _layer(ours, given[theirs])
    for name, tensor in own.items():
        if name not in tensors or tensors[name].shape != tensor.shape:
            raise ValueError(f"this is no {KIND}: {name} would be {list(tensor.shape)}")
    example = network.sample_latents(2, torch.Generator().manual_seed(0))
    assumed = [f"image_size={network.config.image_size}, fully grown, and latents from N(0, 1)"]
    reading = _reading.Reading("generation", network, tensors, example, assumed=assumed)
    return [Geometry({}, lambda: reading)]


def _check_names(given: dict[str, dict[str, torch.Tensor]], names: dict[str, str]) -> None:
    missing = next((their for their in names.values() if set(given.get(their, ())) != {"weight", "bias"}), None)
    left = sorted(given.keys() - set(names.values()))
    if missing or left:
        fact = f"it has no {missing}" if missing else f"{left[0]} is no layer of it"
        raise ValueError(f"this is no {KIND}: {fact}; part=NAME chooses another network of the file")


def _network(given: dict[str, dict[str, torch.Tensor]], blocks: int, settings: Settings) -> ProGANGenerator:
    image_size, image_channels = 4 << blocks, given["toRGBLayers.0"]["weight"].shape[0]
    if settings.image_size not in (None, image_size):
        raise ValueError(f"image_size={settings.image_size}, but the scales of the file make {image_size}")
    channels = {4 << number: given[f"toRGBLayers.{number}"]["weight"].shape[1] for number in range(blocks + 1)}
    width, capacity = max(channels.values()), max(side * count for side, count in channels.items())
    if any(channels_of(side, width, capacity) != count for side, count in channels.items()):
        listed = ", ".join(f"{count} at {side}" for side, count in channels.items())
        raise ValueError(f"the channels of the scales ({listed}) are not a fixed number over the side, as ours are")
    latent_dim = given["formatLayer"]["weight"].shape[1]
    return ProGANGenerator(image_size, image_channels, latent_dim, width, capacity, position_bias=True)


def _layer(ours: str, theirs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Theirs multiplies weights and bias by sqrt(2 / fan-in) in each forward; ours has a gain of its own for each
    layer, and adds the bias as it is.
    """
    weight, bias = theirs["weight"], theirs["bias"] * math.sqrt(2 / theirs["weight"][0].numel())
    if ours == "linear":  # whose gain is a quarter of the others', with a bias for each pixel of the first maps
        return {"linear.weight": 4 * weight, "bias": bias.reshape(-1, 4, 4)}
    weight = weight * math.sqrt(2) if ours.startswith("to_image") else weight
    return {f"{ours}.weight": weight, f"{ours}.bias": bias}
