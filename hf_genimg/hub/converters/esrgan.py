"""RRDB networks in the names of BasicSR and Real-ESRGAN, and in both of the ESRGAN repository, now and before 2019."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ...models._value_range import check_value_range
from ...models.esrgan import ESRGANGenerator
from ..geometry import Geometry
from ..state_dict import Module
from . import _named, _reading

PARTS = ("params_ema", "params", "generator", "net_g", "G")
KIND = "RRDB network of BasicSR"
RENAMED = {  # in the ESRGAN repository
    "trunk_conv": "conv_body",
    "upconv1": "conv_up1",
    "upconv2": "conv_up2",
    "HRconv": "conv_hr",
}
NUMBERED = {"0": "conv_first", "3": "conv_up1", "6": "conv_up2", "8": "conv_hr", "10": "conv_last"}  # before, x4
OLD_BODY = re.compile(r"(?:model\.)?1\.sub\.(\d+)(?:\.RDB(\d)\.conv(\d)\.0)?")
PLAIN = {
    "first": "conv_first",
    "after_body": "conv_body",
    "ups.0": "conv_up1",
    "ups.1": "conv_up2",
    "at_full_size": "conv_hr",
    "last": "conv_last",
}


@dataclass(frozen=True, kw_only=True)
class Settings(_reading.Settings):
    """What shapes do not show."""

    value_range: str = "0,1"  # of the images it was trained on, or -1,1


def read(modules: list[Module], settings: Settings) -> list[Geometry]:
    check_value_range(settings.value_range)
    numbered = any(OLD_BODY.fullmatch(module.name) for module in modules)
    renamed = _renamed_number if numbered else _renamed
    modules = [replace(module, name=renamed(module.name)) for module in modules]
    first, last = (_named.weight_of(modules, name, KIND) for name in ("conv_first", "conv_last"))
    width, packed = first.shape[:2]
    channels = last.shape[0]
    factor = {channels: 4, 4 * channels: 2}.get(packed)
    if factor is None:
        raise ValueError(f"conv_first takes {packed} channels for images of {channels}: only scales 2 and 4 are read")
    growth = _named.weight_of(modules, "body.0.rdb1.conv1", KIND).shape[0]
    blocks = len({module.name.split(".")[1] for module in modules if module.name.startswith("body.")})
    size = settings.image_size or 128
    network = ESRGANGenerator(size, channels, channels, width, growth, blocks, factor, settings.value_range)
    tensors = _named.by_name(network, modules, _theirs, KIND)
    assumed = [f"scale={factor}, image_size={size}, value_range={settings.value_range}"]
    example = _reading.noise_images(16, channels)
    reading = _reading.Reading("translation", network, tensors, example, assumed=assumed)
    return [Geometry({}, lambda: reading)]


def _renamed_number(name: str) -> str:
    if found := OLD_BODY.fullmatch(name):
        return f"body.{found[1]}.rdb{found[2]}.conv{found[3]}" if found[2] else "conv_body"
    return NUMBERED.get(name.removeprefix("model."), name)


def _renamed(name: str) -> str:
    name = re.sub(r"^RRDB_trunk\.(\d+)\.RDB(\d)\.", r"body.\1.rdb\2.", name)
    return RENAMED.get(name, name)


def _theirs(name: str) -> str:
    found = re.fullmatch(r"body\.(\d+)\.blocks\.(\d)\.layers\.(\d)", name)
    return f"body.{found[1]}.rdb{int(found[2]) + 1}.conv{int(found[3]) + 1}" if found else PLAIN[name]
