"""U-Nets of the pix2pix and CycleGAN repository (`latest_net_G.pth`): nested blocks, each with a skip connection."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import torch

from ...models.pix2pix import NORMS, Pix2PixGenerator
from ..geometry import Geometry
from ..state_dict import Module
from . import _reading

PARTS = ("generator", "netG", "G", "gen")
NORM_EPS = 1e-5
BLOCK = re.compile(r"((?:\d+\.model\.)*)(\d+)")  # the blocks around a layer, and its place in the innermost of them
INNERMOST_SIDE = 1  # pixels


@dataclass(frozen=True, kw_only=True)
class Settings(_reading.Settings):
    """What shapes do not show."""

    # batch: the statistics of the file, as model.eval() gives; instance: those of each image, as --norm instance has
    # them, and the repository's test.py without --eval; none: batch where norms of the file have weights
    norm: str | None = None


@dataclass(frozen=True)
class _Block:
    """The layers of one block: a halving and a doubling, and the norms behind them."""

    down: Module
    up: Module
    down_norm: Module | None
    up_norm: Module | None


def read(modules: list[Module], settings: Settings) -> list[Geometry]:
    if settings.norm not in (None, *NORMS):
        raise ValueError(f"norm={settings.norm} is not known; use one of {', '.join(NORMS)}")
    if settings.eps != NORM_EPS:
        raise ValueError(f"eps={settings.eps:g} is not possible, for the norms of a Pix2PixGenerator have {NORM_EPS:g}")
    blocks = _blocks(modules)
    _check(blocks)
    norm = settings.norm or _norm_of(blocks)
    size = INNERMOST_SIDE * 2 ** len(blocks)
    outer = blocks[0]
    width, input_channels = outer.down.weight.shape[:2]
    if settings.image_size not in (None, size):
        raise ValueError(f"image_size={settings.image_size}, but {len(blocks)} halvings are of {size} pixels")
    bias = any(bool(block.down.tensors["bias"].any()) for block in (outer, blocks[-1]) if block.down.bias)
    network = Pix2PixGenerator(size, outer.up.weight.shape[1], input_channels, width, norm, bias)
    reading = _reading.Reading(
        "translation",
        network,
        _tensors(blocks, network, norm),
        _reading.noise_images(size, input_channels),
        assumed=[
            f"norm={norm} (batch: the statistics of the file, as model.eval() gives; instance: those of each image, as "
            "--norm instance has them, and the repository's test.py without --eval)",
            f"image_size={size}, input_channels={input_channels}, image_channels={network.config.image_channels}",
        ],
    )
    return [Geometry({}, lambda: reading)]


def _blocks(modules: list[Module]) -> list[_Block]:
    """From the outermost to the innermost."""
    if any("conv_block" in module.name for module in modules):
        raise ValueError(
            "this is a ResNet generator, as CycleGAN has it; --as pix2pix imports U-Nets (unet_256, unet_128), and "
            "--as cyclegan this one"
        )
    levels: dict[int, dict[int, Module]] = {}
    for module in modules:
        found = BLOCK.fullmatch(module.name)
        if not found:
            raise ValueError(f"{module.name} is no layer of a U-Net of the pix2pix repository; give part=NAME")
        levels.setdefault(found[1].count("model"), {})[int(found[2])] = module
    blocks = []
    for depth, layers in sorted(levels.items()):
        convolutions = [number for number, layer in sorted(layers.items()) if layer.kind == "conv"]
        if len(convolutions) != 2 or depth != len(blocks):
            raise ValueError(
                f"block {depth} has {len(convolutions)} convolutions where a U-Net has a halving and a doubling"
            )
        down, up = convolutions
        blocks.append(_Block(layers[down], layers[up], layers.get(down + 1), layers.get(up + 1)))
    return blocks


def _check(blocks: list[_Block]) -> None:
    """Raise `ValueError` for what a Pix2PixGenerator cannot be."""
    if any(each.weight.shape[2:] != (4, 4) for block in blocks for each in (block.down, block.up)):
        raise ValueError("a U-Net of the pix2pix repository has kernels of 4x4")
    if any(one.down.weight.shape[0] != two.down.weight.shape[1] for one, two in pairwise(blocks)):
        raise ValueError("the halvings do not follow one another; is the file of the pix2pix repository?")


def _norm_of(blocks: list[_Block]) -> str:
    """Batch norm has weights, and the repository's instance norm none (older files: statistics only)."""
    norms = [norm for block in blocks for norm in (block.down_norm, block.up_norm) if norm is not None]
    return "batch" if any("weight" in norm.tensors for norm in norms) else "instance"


def _tensors(blocks: list[_Block], network: Pix2PixGenerator, norm: str) -> dict[str, torch.Tensor]:
    """By the names of a Pix2PixGenerator, which joins the doubled maps first, then those of the skip connection."""
    own = network.state_dict()
    found = {name: tensor for name, tensor in own.items() if name.endswith("num_batches_tracked")}
    last = len(blocks) - 1
    for level, block in enumerate(blocks):
        up = "to_image" if level == 0 else f"up.{last - level}"
        down = "down.0" if level == 0 else f"down.{level}.1"
        found[f"{down}.weight"] = block.down.weight
        if f"{down}.bias" in own:
            found[f"{down}.bias"] = block.down.tensors.get("bias", torch.zeros(len(block.down.weight)))
        found[f"{up}.1.weight"] = block.up.weight if level == last else torch.cat(block.up.weight.chunk(2)[::-1])
        if level == 0:
            found["to_image.1.bias"] = block.up.tensors.get("bias", torch.zeros(block.up.weight.shape[1]))
            continue
        for prefix, layer, layer_norm in (
            (f"down.{level}.2", block.down, block.down_norm),
            (f"{up}.2", block.up, block.up_norm),
        ):
            if f"{prefix}.weight" in own:
                found |= _norm(prefix, layer, layer_norm, own[f"{prefix}.weight"], norm)
    return found


def _norm(
    prefix: str, layer: Module, layer_norm: Module | None, scale: torch.Tensor, norm: str
) -> dict[str, torch.Tensor]:
    """The tensors of a norm; one without parameters is the identity behind the normalization."""
    given = layer_norm.tensors if layer_norm is not None else {}
    if norm == "batch" and "running_mean" not in given:
        raise ValueError(f"there is no batch norm behind {layer.name}; norm=instance may be right")
    found = {"weight": given.get("weight", torch.ones_like(scale)), "bias": given.get("bias", torch.zeros_like(scale))}
    if norm == "batch":
        mean = given["running_mean"]
        shift = layer.tensors.get("bias", torch.zeros_like(mean))  # of a convolution ahead of a norm: part of its mean
        found |= {"running_mean": mean - shift, "running_var": given["running_var"]}
    return {f"{prefix}.{name}": tensor for name, tensor in found.items()}
