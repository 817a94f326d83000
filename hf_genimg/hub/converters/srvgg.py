"""Compact networks of Real-ESRGAN (SRVGGNetCompact), with PReLU."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...models._value_range import check_value_range
from ...models.srvgg import SRVGGGenerator
from ..geometry import Geometry
from ..state_dict import Module
from . import _named, _reading

PARTS = ("params_ema", "params", "generator", "net_g", "G")
KIND = "SRVGG of Real-ESRGAN with PReLU"


@dataclass(frozen=True, kw_only=True)
class Settings(_reading.Settings):
    """What shapes do not show."""

    value_range: str = "0,1"  # of the images it was trained on, or -1,1


def read(modules: list[Module], settings: Settings) -> list[Geometry]:
    check_value_range(settings.value_range)
    width, channels = _named.weight_of(modules, "body.0", KIND).shape[:2]
    convolutions = [module for module in modules if module.kind == "conv"]
    scale = math.isqrt(convolutions[-1].weight.shape[0] // channels)
    size = settings.image_size or 128
    depth = len(convolutions) - 2
    network = SRVGGGenerator(size, channels, channels, width, depth, scale, settings.value_range)
    tensors = _named.by_name(network, modules, lambda name: name.replace("layers", "body"), KIND)
    assumed = [f"scale={scale}, image_size={size}, value_range={settings.value_range}"]
    example = _reading.noise_images(16, channels)
    reading = _reading.Reading("translation", network, tensors, example, assumed=assumed)
    return [Geometry({}, lambda: reading)]
