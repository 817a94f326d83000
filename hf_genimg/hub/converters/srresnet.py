"""MSRResNet in the names of BasicSR, at scales 2, 3 and 4."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...models._value_range import check_value_range
from ...models.srresnet import MSRResNetGenerator
from ..geometry import Geometry
from ..state_dict import Module
from . import _named, _reading

PARTS = ("params_ema", "params", "generator", "net_g", "G")
KIND = "MSRResNet of BasicSR"


@dataclass(frozen=True, kw_only=True)
class Settings(_reading.Settings):
    """What shapes do not show."""

    value_range: str = "0,1"  # of the images it was trained on, or -1,1


def read(modules: list[Module], settings: Settings) -> list[Geometry]:
    check_value_range(settings.value_range)
    first, last, up = (_named.weight_of(modules, name, KIND) for name in ("conv_first", "conv_last", "upconv1"))
    width, channels = first.shape[:2]
    twice = any(module.name == "upconv2" for module in modules)
    scale = 4 if twice else {4 * width: 2, 9 * width: 3}.get(up.shape[0])
    if scale is None or last.shape[0] != channels:
        raise ValueError(f"this is no {KIND}: upconv1 makes {up.shape[0]} maps of {width}, conv_last {last.shape[0]}")
    blocks = len({module.name.split(".")[1] for module in modules if module.name.startswith("body.")})
    size = settings.image_size or 128
    network = MSRResNetGenerator(size, channels, channels, width, blocks, scale, value_range=settings.value_range)
    tail = ["upconv1", "upconv2"] if twice else ["upconv1"]
    names = {f"enlarge.{3 * number}": name for number, name in enumerate(tail)}
    names |= {f"enlarge.{3 * len(tail)}": "conv_hr", f"enlarge.{3 * len(tail) + 2}": "conv_last", "first": "conv_first"}
    tensors = _named.by_name(network, modules, lambda name: names.get(name) or _in_body(name), KIND)
    assumed = [f"scale={scale}, image_size={size}, value_range={settings.value_range}"]
    example = _reading.noise_images(16, channels)
    reading = _reading.Reading("translation", network, tensors, example, assumed=assumed)
    return [Geometry({}, lambda: reading)]


def _in_body(name: str) -> str:
    return re.sub(r"^body\.(\d+)\.branch\.(\d)$", lambda found: f"body.{found[1]}.conv{1 + int(found[2]) // 2}", name)
