"""DnCNN in the names of KAIR, with batch norm or with it merged into the kernels."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ...models._value_range import check_value_range
from ...models.dncnn import DnCNNGenerator
from ..geometry import Geometry
from ..state_dict import Module
from . import _named, _reading

PARTS = ("params", "state_dict", "netG", "E", "G")
KIND = "DnCNN of KAIR"


@dataclass(frozen=True, kw_only=True)
class Settings(_reading.Settings):
    """What shapes do not show."""

    value_range: str = "0,1"  # of the images it was trained on, or -1,1
    eps: float = 1e-4  # of batch norm


def read(modules: list[Module], settings: Settings) -> list[Geometry]:
    check_value_range(settings.value_range)
    merged = _merged(modules, settings.eps)
    if not merged or merged[0].kind != "conv" or merged[0].weight.shape[1] != merged[-1].weight.shape[0]:
        raise ValueError(f"this is no {KIND}: its first and last convolutions are of images; part=NAME chooses another")
    width, channels = merged[0].weight.shape[:2]
    size = settings.image_size or 64
    shape = {"width": width, "depth": len(merged), "norm": "none", "value_range": settings.value_range}
    network = DnCNNGenerator(size, channels, channels, **shape)
    tensors = _named.by_place(network, merged, KIND)
    assumed = [f"image_size={size}, value_range={settings.value_range}, output = input - network(input)"]
    if len(merged) < len(modules):
        assumed.append(f"eps={settings.eps:g} of the batch norms, which are now part of the kernels")
    example = _reading.noise_images(16, channels)
    reading = _reading.Reading("translation", network, tensors, example, assumed=assumed)
    return [Geometry({}, lambda: reading)]


def _merged(modules: list[Module], eps: float) -> list[Module]:
    """The convolutions, each with the batch norm behind it as part of its kernel and bias."""
    found: list[Module] = []
    for module in modules:
        if module.kind == "norm" and found:
            norm, layer = module.tensors, found.pop()
            gain = norm.get("weight", torch.ones_like(norm["running_mean"])) / (norm["running_var"] + eps).sqrt()
            shift = norm.get("bias", torch.zeros_like(gain)) - gain * norm["running_mean"]
            bias = layer.tensors.get("bias", torch.zeros_like(gain)) * gain + shift
            module = Module(layer.name, "conv", {"weight": layer.weight * gain.view(-1, 1, 1, 1), "bias": bias})
        elif module.kind != "conv":
            raise ValueError(f"this is no {KIND}: {module.name} is neither a convolution nor a batch norm")
        plain = {"bias": torch.zeros(len(module.weight))} | module.tensors
        found.append(Module(module.name, "conv", plain))
    return found
