"""Generators of FastGAN in the layout of its published code (`feat_8` to `feat_1024`, `se_64`, `to_big`)."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ...models.fastgan import EXCITED_SIDES, FULL_SIDES, FastGANGenerator
from ..geometry import Geometry
from ..state_dict import Module
from . import _named, _reading

PARTS = ("g", "generator", "netG", "G")
KIND = "generator of the published FastGAN"
SIDES = (256, 512, 1024)  # that the published code makes
LIGHTWEIGHT = {"initial_conv.0", "out_conv"}  # the first and the last layer of lightweight-gan's generator
Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True, kw_only=True)
class Settings(_reading.Settings):
    """What shapes do not show."""


def read(modules: list[Module], settings: Settings) -> list[Geometry]:
    given = {module.name: module.tensors for module in modules}
    if given.keys() >= LIGHTWEIGHT:
        raise ValueError(
            "this is a generator of lightweight-gan, whose blocks (biases, features normalized after the first layer, "
            "other gains) are not FastGAN's, so it cannot be imported; give g of FastGAN's own code"
        )
    image_size = max([256, *(side for side in SIDES if f"feat_{side}.1" in given)])
    if settings.image_size not in (None, image_size):
        raise ValueError(f"image_size={settings.image_size}, but the blocks of the file make {image_size}")
    names = _names(image_size)
    left = sorted(given.keys() - set(names.values()))
    missing = next((name for name in names.values() if name not in given), None)
    if missing or left:
        fact = f"it has no {missing}" if missing else f"{left[0]} is no layer of it"
        raise ValueError(f"this is no {KIND}: {fact}; part=NAME chooses another network of the file")
    first, last = (_named.weight_of(modules, name, KIND) for name in ("init.init.0", "to_big"))
    width, tanh = first.shape[1] // 32, image_size == SIDES[-1]
    network = FastGANGenerator(image_size, last.shape[0], first.shape[0], width, tanh=tanh)
    tensors = _tensors(network.state_dict(), given, names, settings.eps)
    example = network.sample_latents(2, torch.Generator().manual_seed(0))
    assumed = [f"image_size={image_size}, tanh={tanh}, eps={settings.eps:g}, and running statistics of batch norm"]
    reading = _reading.Reading("generation", network, tensors, example, assumed=assumed)
    return [Geometry({}, lambda: reading)]


def _names(image_size: int) -> dict[str, str]:
    """From layers of ours to those of the published code."""
    names = {"first": "init.init.0", "gate.norm": "init.init.1", "last": "to_big", "small": "to_128"}
    side = 8
    while side <= image_size:
        ours, theirs = f"blocks.{side}", f"feat_{side}"
        names[f"{ours}.conv"] = f"{theirs}.1"
        if side in FULL_SIDES:
            names |= {f"{ours}.strengths.0": f"{theirs}.2", f"{ours}.gate.norm": f"{theirs}.3"}
            names |= {f"{ours}.second": f"{theirs}.5", f"{ours}.strengths.1": f"{theirs}.6"}
            names[f"{ours}.second_gate.norm"] = f"{theirs}.7"
        else:
            names[f"{ours}.gate.norm"] = f"{theirs}.2"
        if side in EXCITED_SIDES:
            names |= {f"excitations.{side}.layers.{place}": f"se_{side}.main.{place}" for place in (1, 3)}
        side *= 2
    return names


def _tensors(own: Tensors, given: dict[str, Tensors], names: dict[str, str], eps: float) -> Tensors:
    """Those of our network, of the shapes that it has."""
    tensors = {name: tensor for name, tensor in own.items() if name.endswith("num_batches_tracked")}
    for ours, theirs in names.items():
        if ".strengths." in ours:
            continue
        if ours.endswith("norm"):
            tensors |= {f"{ours}.{name}": tensor for name, tensor in given[theirs].items()}
            continue
        weight = tensors[f"{ours}.parametrizations.weight.original"] = given[theirs].get("weight", torch.empty(0))
        if weight.dim() == 4:
            vector = _largest(weight)[1] if ours == "first" else _normalizing(weight, theirs)
            tensors[f"{ours}.parametrizations.weight.0.u"] = vector
    for full in (name.removesuffix(".strengths") for name in own if name.endswith(".strengths")):
        parts = [given[names[f"{full}.strengths.{number}"]]["weight"].reshape(1) for number in range(2)]
        tensors[f"{full}.strengths"] = torch.cat(parts)
    scale = _largest(given[names["first"]]["weight"])[0]
    tensors["gate.norm.running_mean"] = tensors["gate.norm.running_mean"] / scale
    tensors["gate.norm.running_var"] = (tensors["gate.norm.running_var"] + eps) / scale**2 - eps
    if bool((tensors["gate.norm.running_var"] < 0).any()):
        raise ValueError(f"{names['gate.norm']} has variances that are too small to convert; was it trained?")
    for name in own.keys() | tensors.keys():
        shapes = [list(each[name].shape) if name in each else "none" for each in (own, tensors)]
        if shapes[0] != shapes[1]:
            raise ValueError(f"this is no {KIND}: {name} is {shapes[0]} there, and {shapes[1]} in the file")
    return tensors


def _largest(weight: torch.Tensor) -> tuple[float, torch.Tensor]:
    """The largest singular value of a weight as a matrix [len(weight), rest], and its left vector.

    Our norm of the first, transposed convolution is of that matrix, theirs of one with the outputs as rows: what the
    layer gives is theirs over this value, and the batch norm behind it makes up for that.
    """
    matrix = weight.flatten(1).double()
    values, vectors = torch.linalg.eigh(matrix @ matrix.T)
    return float(values[-1].sqrt()), vectors[:, -1].float()


def _normalizing(weight: torch.Tensor, name: str) -> torch.Tensor:
    """A vector u from which one step of power iteration estimates the norm of the weight as 1, float [len(weight)].

    Their estimate, by which the weight was divided, is at most its largest singular value, so that is now 1 or more:
    u is its left vector plus as much of another's as makes the estimate 1.
    """
    matrix = weight.flatten(1).double()
    squares, vectors = torch.linalg.eigh(matrix @ matrix.T)
    largest = float(squares[-1])
    if abs(largest - 1) < 1e-6:
        return vectors[:, -1].float()
    room = squares * (1 - squares)
    other = int(room.argmax())
    if largest < 1 or room[other] <= 0:
        raise ValueError(
            f"{name} has a largest singular value of {largest**0.5:.3g}, and 1 is what spectral norm gives; "
            "give a checkpoint with weight_orig, weight_u and weight_v"
        )
    share = (largest * (largest - 1) / float(room[other])) ** 0.5
    found = vectors[:, -1] + share * vectors[:, other]
    return (found / found.norm()).float()
