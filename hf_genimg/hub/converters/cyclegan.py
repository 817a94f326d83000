"""ResNet generators of the pix2pix and CycleGAN repository (`latest_net_G_A.pth`), with instance or batch norm."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...models.cyclegan import CycleGANGenerator
from ..geometry import Geometry
from ..state_dict import Module
from . import _named, _reading

PARTS = ("generator", "netG_A", "netG", "G_A", "G", "gen")
KIND = "ResNet generator of the CycleGAN repository"
BLOCK = re.compile(r"(?:model\.)?(\d+)\.conv_block\.\d+")


@dataclass(frozen=True, kw_only=True)
class Settings(_reading.Settings):
    """What shapes do not show."""


def read(modules: list[Module], settings: Settings) -> list[Geometry]:
    convolutions = [module for module in modules if module.kind == "conv"]
    blocks = len({found[1] for module in modules if (found := BLOCK.fullmatch(module.name))})
    if not blocks or convolutions[0].weight.shape[2:] != (7, 7):
        raise ValueError(f"this is no {KIND}: it begins with a 7x7 convolution and has layers called conv_block")
    norm = "instance" if convolutions[0].bias else "batch"
    if norm == "instance":  # older files hold statistics of instance norms, which the repository drops
        modules = convolutions
    width, input_channels = convolutions[0].weight.shape[:2]
    size = settings.image_size or 256
    network = CycleGANGenerator(size, convolutions[-1].weight.shape[0], input_channels, width, blocks, norm)
    tensors = _named.by_place(network, modules, KIND)
    assumed = [f"norm={norm}, image_size={size}"]
    if norm == "batch":
        assumed.append("the statistics of the file, as model.eval() gives")
    example = _reading.noise_images(16, input_channels)
    reading = _reading.Reading("translation", network, tensors, example, assumed=assumed)
    return [Geometry({}, lambda: reading)]
