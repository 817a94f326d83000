"""Networks of a fixed form: each layer of ours is one of theirs, found by its name or by its place."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from ..state_dict import Module, grouped

Tensors = dict[str, torch.Tensor]


def by_name(network: nn.Module, modules: list[Module], theirs: Callable[[str], str], kind: str) -> Tensors:
    """The tensors of `network`. theirs: from the name of a layer of ours to that of theirs.

    Raises:
        ValueError: a layer is missing, superfluous or of other shapes; kind says what the file was taken for.
    """
    given = {module.name: module for module in modules}
    wanted = {layer.name: theirs(layer.name) for layer in grouped(network.state_dict())}
    missing = [name for name in wanted.values() if name not in given]
    left = [name for name in given if name not in wanted.values()]
    if missing or left:
        fact = f"{missing[0]} is missing" if missing else f"{left[0]} is no layer of it"
        raise ValueError(f"this is no {kind}: {fact}; part=NAME chooses another network of the file")
    return _taken(network, {name: given[their].tensors for name, their in wanted.items()}, kind)


def by_place(network: nn.Module, modules: list[Module], kind: str) -> Tensors:
    """The tensors of `network`, whose layers are in the order of theirs; errors as of `by_name`."""
    layers = grouped(network.state_dict())
    if len(layers) != len(modules):
        raise ValueError(f"this is no {kind}: it would have {len(layers)} layers, and the file has {len(modules)}")
    return _taken(network, {one.name: other.tensors for one, other in zip(layers, modules, strict=True)}, kind)


def _taken(network: nn.Module, found: dict[str, Tensors], kind: str) -> Tensors:
    own = network.state_dict()
    tensors = {name: tensor for name, tensor in own.items() if name.endswith("num_batches_tracked")}
    tensors |= {f"{layer}.{name}": tensor for layer, given in found.items() for name, tensor in given.items()}
    for name in own.keys() | tensors.keys():
        if name not in own or name not in tensors or own[name].shape != tensors[name].shape:
            shapes = (list(each[name].shape) if name in each else "none" for each in (own, tensors))
            raise ValueError("this is no {}: {} is {} there, and {} in the file".format(kind, name, *shapes))
    return tensors


def weight_of(modules: list[Module], name: str, kind: str) -> torch.Tensor:
    """The kernel of the layer called `name`; `ValueError` where there is none."""
    for module in modules:
        if module.name == name and module.kind == "conv":
            return module.weight
    raise ValueError(f"this is no {kind}: it has no convolution {name}; part=NAME chooses another network of the file")
