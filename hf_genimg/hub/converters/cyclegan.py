"""ResNet generators of the pix2pix and CycleGAN repository (`latest_net_G_A.pth`), with instance or batch norm."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ...models.cyclegan import CycleGANGenerator
from ..geometry import Geometry
from ..state_dict import Module, read_modules
from . import _named, _reading

PARTS = ("generator", "netG_A", "netG", "G_A", "G", "gen")
REVERSE_PARTS = ("reverse_generator", "netG_B", "G_B", "netG", "G", "gen")
KIND = "ResNet generator of the CycleGAN repository"
BLOCK = re.compile(r"(?:model\.)?(\d+)\.conv_block\.\d+")


@dataclass(frozen=True, kw_only=True)
class Settings(_reading.Settings):
    """What shapes do not show."""

    reverse: str | None = None  # the file of the other direction's translator, such as latest_net_G_B.pth


def read(modules: list[Module], settings: Settings) -> list[Geometry]:
    reading = _translator(modules, settings.image_size or 256)
    if settings.reverse is not None:
        reading.reverse = _reverse(settings, reading)
        reading.assumed.append(f"{settings.reverse} for the other direction: {', '.join(reading.reverse.assumed)}")
    return [Geometry({}, lambda: reading)]


def _reverse(settings: Settings, forward: _reading.Reading) -> _reading.Reading:
    """The translator of the other direction, between the same kinds of images."""
    modules, lines = read_modules(Path(settings.reverse), REVERSE_PARTS, None, None, settings.ignore)
    found = _translator(modules, settings.image_size or 256)
    found.assumed += lines
    sides = [(each.network.config.input_channels, each.network.config.image_channels) for each in (forward, found)]
    if sides[0] != sides[1][::-1]:
        raise ValueError(
            f"reverse={settings.reverse} translates images of {sides[1][0]} channels to {sides[1][1]}, and the other "
            f"file of {sides[0][0]} to {sides[0][1]}; the two are not a pair of one training"
        )
    return found


def _translator(modules: list[Module], size: int) -> _reading.Reading:
    convolutions = [module for module in modules if module.kind == "conv"]
    blocks = len({found[1] for module in modules if (found := BLOCK.fullmatch(module.name))})
    if not blocks or convolutions[0].weight.shape[2:] != (7, 7):
        raise ValueError(f"this is no {KIND}: it begins with a 7x7 convolution and has layers called conv_block")
    norm = "instance" if convolutions[0].bias else "batch"
    if norm == "instance":  # older files hold statistics of instance norms, which the repository drops
        modules = convolutions
    width, input_channels = convolutions[0].weight.shape[:2]
    network = CycleGANGenerator(size, convolutions[-1].weight.shape[0], input_channels, width, blocks, norm)
    tensors = _named.by_place(network, modules, KIND)
    assumed = [f"norm={norm}, image_size={size}"]
    if norm == "batch":
        assumed.append("the statistics of the file, as model.eval() gives")
    example = _reading.noise_images(16, input_channels)
    return _reading.Reading("translation", network, tensors, example, assumed=assumed)
