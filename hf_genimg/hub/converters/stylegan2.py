"""Generators of StyleGAN2: `g_ema` of the widespread PyTorch port (rosinality), and state dicts of NVIDIA's code for
PyTorch (stylegan2-ada-pytorch).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch

from ...layers.fir import TAPS
from ...layers.pyramid import channels_of
from ...models.stylegan2 import StyleGAN2Generator
from ..geometry import Geometry
from ..state_dict import Module
from . import _reading

PARTS = ("g_ema", "G_ema", "generator", "g", "G")
KIND = "generator of StyleGAN2"
MEAN_OF = 10_000  # latents, where the file has no mean of w
WEIGHTS = ("weight", "bias")
Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True, kw_only=True)
class Settings(_reading.Settings):
    """What shapes do not show."""

    truncated_layers: int | None = None  # truncation moves w in the first so many layers; none: in all


def read(modules: list[Module], settings: Settings) -> list[Geometry]:
    given = {f"{module.name}.{name}": each for module in modules for name, each in module.tensors.items()}
    names = _names_of_nvidia(given) if "synthesis.b4.const" in given else _names_of_the_port(given)
    network = _network(given, names, settings)
    own = network.state_dict()
    tensors = {name: _fitted(name, given, their, own[name].shape) for name, their in names.items() if name in own}
    _refuse_others(given, names, own)
    noise = [given[name].flatten() for name in _noises(given)]
    tensors["constant_noise"] = torch.cat(noise) if noise else torch.zeros(network.noise_size)
    if tensors["constant_noise"].shape != own["constant_noise"].shape:
        raise ValueError(f"this is no {KIND}: its noise maps have {len(tensors['constant_noise'])} pixels together")
    assumed = [f"image_size={network.config.image_size}, truncated_layers={settings.truncated_layers}"]
    if "style_mean.value" not in tensors:
        tensors["style_mean.value"] = _mean(network, own | tensors)
        assumed.append(f"the mean of w, towards which truncation moves, is that of {MEAN_OF:,} latents")
    example = network.sample_latents(2, torch.Generator().manual_seed(0))
    reading = _reading.Reading("generation", network, tensors, example, assumed=assumed)
    return [Geometry({}, lambda: reading)]


def _names_of_the_port(given: Tensors) -> dict[str, str]:
    """From names of ours to those of the port."""
    count = len({found[1] for name in given if (found := re.fullmatch(r"style\.(\d+)\.weight", name))})
    blocks = len({found[1] for name in given if (found := re.fullmatch(r"to_rgbs\.(\d+)\.bias", name))})
    names = {"constant": "input.input"}
    names |= {f"mapping.layers.{i}.{part}": f"style.{i + 1}.{part}" for i in range(count) for part in WEIGHTS}
    styled = {"first": "conv1"} | {
        f"blocks.{i}.{part}": f"convs.{2 * i + j}" for i in range(blocks) for j, part in enumerate(("first", "second"))
    }
    for ours, theirs in styled.items():
        names |= {f"{ours}.style.{part}": f"{theirs}.conv.modulation.{part}" for part in WEIGHTS}
        names |= {f"{ours}.weight": f"{theirs}.conv.weight", f"{ours}.noise_strength": f"{theirs}.noise.weight"}
        names[f"{ours}.bias"] = f"{theirs}.activate.bias"
    skips = {"to_image": "to_rgb1"} | {f"blocks.{i}.to_image": f"to_rgbs.{i}" for i in range(blocks)}
    for ours, theirs in skips.items():
        names |= {f"{ours}.style.{part}": f"{theirs}.conv.modulation.{part}" for part in WEIGHTS}
        names |= {f"{ours}.weight": f"{theirs}.conv.weight", f"{ours}.bias": f"{theirs}.bias"}
    return names


def _names_of_nvidia(given: Tensors) -> dict[str, str]:
    """From names of ours to those of NVIDIA's code."""
    count = len({found[1] for name in given if (found := re.fullmatch(r"mapping\.fc(\d+)\.weight", name))})
    sides = sorted({int(found[1]) for name in given if (found := re.match(r"synthesis\.b(\d+)\.", name))})
    names = {"constant": "synthesis.b4.const"}
    names |= {f"mapping.layers.{i}.{part}": f"mapping.fc{i}.{part}" for i in range(count) for part in WEIGHTS}
    names |= {"style_mean.value": "mapping.w_avg"} if "mapping.w_avg" in given else {}
    names |= {f"mapping.embed.{part}": f"mapping.embed.{part}" for part in WEIGHTS if f"mapping.embed.{part}" in given}
    for number, side in enumerate(sides, -1):
        block = f"blocks.{number}." if number >= 0 else ""
        layers = {"first": "conv0", "second": "conv1"} if number >= 0 else {"first": "conv1"}
        for ours, theirs in {**layers, "to_image": "torgb"}.items():
            prefix = f"synthesis.b{side}.{theirs}"
            names |= {f"{block}{ours}.style.{part}": f"{prefix}.affine.{part}" for part in WEIGHTS}
            names |= {f"{block}{ours}.{part}": f"{prefix}.{part}" for part in WEIGHTS}
            if ours != "to_image":
                names[f"{block}{ours}.noise_strength"] = f"{prefix}.noise_strength"
    return names


def _network(given: Tensors, names: dict[str, str], settings: Settings) -> StyleGAN2Generator:
    """The network of the shapes in the file."""
    missing = next((their for their in names.values() if their not in given), None)
    if missing or "mapping.layers.0.weight" not in names:
        raise ValueError(f"this is no {KIND}: it has no {missing or 'mapping'}; part=NAME chooses another network")
    blocks = sum(name.endswith("to_image.bias") for name in names) - 1
    first, start = given[names["mapping.layers.0.weight"]], given[names["constant"]]
    embed = names.get("mapping.embed.weight")
    classes = given[embed].shape[1] if embed else 0
    image_size, style_dim = start.shape[-1] << blocks, first.shape[0]
    if settings.image_size not in (None, image_size):
        raise ValueError(f"image_size={settings.image_size}, but the blocks of the file make {image_size}")
    ours = ["first", *(f"blocks.{number}.second" for number in range(blocks))]
    channels = {start.shape[-1] << number: given[names[f"{name}.weight"]].shape[-4] for number, name in enumerate(ours)}
    width, capacity = max(channels.values()), max(side * count for side, count in channels.items())
    if any(channels_of(side, width, capacity) != count for side, count in channels.items()):
        listed = ", ".join(f"{count} at {side}" for side, count in channels.items())
        raise ValueError(f"the channels of the maps ({listed}) are not those of a {KIND}: a fixed number over the side")
    return StyleGAN2Generator(
        image_size,
        given[names["to_image.bias"]].numel(),
        first.shape[1] - (style_dim if embed else 0),
        classes,
        width,
        capacity,
        style_dim,
        sum(name.startswith("mapping.layers.") for name in names) // 2,
        settings.truncated_layers,
    )


def _fitted(ours: str, given: Tensors, theirs: str, shape: torch.Size) -> torch.Tensor:
    """A tensor without the dimensions of length 1 that theirs has."""
    if given[theirs].numel() != shape.numel() or [n for n in given[theirs].shape if n > 1] != [
        n for n in shape if n > 1
    ]:
        raise ValueError(f"this is no {KIND}: {theirs} is {list(given[theirs].shape)}, and {ours} {list(shape)}")
    return given[theirs].reshape(shape)


def _noises(given: Tensors) -> list[str]:
    """The names of the constant noise maps, from the smallest to the largest."""
    port = sorted((name for name in given if name.startswith("noises.")), key=lambda name: int(name.rpartition("_")[2]))
    nvidia = [name for name in given if name.endswith(".noise_const")]
    return port or sorted(nvidia, key=lambda name: (int(re.search(r"\d+", name)[0]), name))


def _refuse_others(given: Tensors, names: dict[str, str], own: Tensors) -> None:
    """Raise `ValueError` for tensors that mean another network, and for another filter than 1, 3, 3, 1."""
    filters = {name for name in given if name.endswith((".kernel", ".resample_filter"))}
    left = sorted(given.keys() - set(names.values()) - set(_noises(given)) - filters)
    unlike = [name for name in names if name not in own]
    if left or unlike:
        raise ValueError(f"this is no {KIND}: {left[0] if left else names[unlike[0]]} is no layer of it")
    taps = torch.tensor(TAPS)
    plain = taps[:, None] * taps / taps.sum() ** 2
    for name in sorted(filters):
        kernel = given[name]
        if kernel.shape != plain.shape or not torch.allclose(kernel / kernel.sum(), plain, atol=1e-4):
            raise ValueError(f"the filter {name} is not the 1, 3, 3, 1 that our {KIND} has, so it cannot be converted")


@torch.no_grad()
def _mean(network: StyleGAN2Generator, tensors: Tensors) -> torch.Tensor:
    network.load_state_dict(tensors)
    latents = network.sample_latents(MEAN_OF, torch.Generator().manual_seed(0))
    classes = network.config.num_classes
    labels = torch.arange(MEAN_OF) % classes if classes else None
    return network.mapping(latents, labels).mean(0)
