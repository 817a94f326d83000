"""Layers of a checkpoint as the list of layers that `models/imported.py` builds, with their tensors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

from .state_dict import Module

ACTIVATIONS = ("relu", "leaky_relu", "tanh", "sigmoid", "none")
Way = tuple[int, int, int]  # stride, padding, output padding


@dataclass
class Chain:
    """Layers as the config spells them, and their tensors by the names that they have in the network built of them."""

    layers: list[list[Any]] = field(default_factory=list)
    tensors: dict[str, torch.Tensor] = field(default_factory=dict)

    def add(self, *layer: Any, tensors: dict[str, torch.Tensor] | None = None) -> None:
        self.tensors |= {f"{len(self.layers)}.{name}": tensor for name, tensor in (tensors or {}).items()}
        self.layers.append(list(layer))

    def add_linear(self, module: Module) -> None:
        out_features, in_features = module.weight.shape
        self.add("linear", in_features, out_features, module.bias, tensors=module.tensors)

    def add_conv(self, module: Module, way: Way) -> None:
        out_channels, in_channels, kernel, _ = module.weight.shape
        self.add("conv", in_channels, out_channels, kernel, *way[:2], module.bias, tensors=module.tensors)

    def add_conv_transpose(self, module: Module, way: Way) -> None:
        in_channels, out_channels, kernel, _ = module.weight.shape
        self.add("conv_transpose", in_channels, out_channels, kernel, *way, module.bias, tensors=module.tensors)

    def add_norm(self, module: Module | None, eps: float) -> None:
        if module is not None:
            mean = module.tensors["running_mean"]
            plain = {"weight": torch.ones_like(mean), "bias": torch.zeros_like(mean)}
            self.add("norm", len(mean), eps, tensors=plain | module.tensors)

    def add_activation(self, activation: str) -> None:
        """`relu`, `leaky_relu`, `leaky_relu:0.1`, `tanh`, `sigmoid` or `none`."""
        kind, _, slope = activation.partition(":")
        if kind not in ACTIVATIONS or (slope and kind != "leaky_relu"):
            raise ValueError(
                f"activation {activation!r} is not known; use one of {', '.join(ACTIVATIONS)}, or leaky_relu:0.1 for a "
                "slope"
            )
        if kind != "none":
            self.add(kind, *([float(slope or 0.2)] if kind == "leaky_relu" else []))

    def add_output(self, output: str, value_range: str | None) -> str:
        """The last activation, and what brings its images into [-1, 1]; returns the range they had."""
        self.add_activation(output)
        value_range = checked_range(value_range) or ("0,1" if output == "sigmoid" else "-1,1")
        if value_range == "0,1":
            self.add("scale", [2.0], [-1.0])
        return value_range

    def add_residual(self, branch: Chain, shortcut: Chain) -> None:
        inner = {f"branch.{name}": tensor for name, tensor in branch.tensors.items()}
        inner |= {f"shortcut.{name}": tensor for name, tensor in shortcut.tensors.items()}
        self.add("residual", branch.layers, shortcut.layers, tensors=inner)

    def state(self, prefix: str) -> dict[str, torch.Tensor]:
        return {f"{prefix}.{name}": tensor for name, tensor in self.tensors.items()}


def checked_range(value_range: str | None) -> str | None:
    if value_range not in (None, "0,1", "-1,1"):
        raise ValueError(
            f"value_range={value_range} is not known; use 0,1 or -1,1, the range of the images it was trained on"
        )
    return value_range
