"""Networks as ONNX files, for programs without torch: what a pipeline runs, one image at a time."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..objectives.base import KEYWORDS
from ..pipelines.sampling import GeneratorInputs

TRANSLATED = 256  # pixels a side at which a translator of any size is exported
NEEDED = ("onnx", "onnxscript")


class Forward(nn.Module):
    """A network and how it is called."""

    def __init__(self, network: nn.Module, call: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self.network, self.call = network, call

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.call(self.network, *inputs)


def export_pipeline(pipeline: Any, folder: Path) -> dict[str, list[str]]:
    """Write the networks of a pipeline into `folder`, as `<part>.onnx`; returns the names of each part's inputs.

    Parts: `images` (latents and, where the network takes them, labels and noise; or the inputs of a translator with
    mask, style and strength), `encoder` of an autoencoder (images to the mean of the posterior), `classes` of a
    classifier (images to probabilities). All take and give one image, float32 in [-1, 1], opset as torch chooses.

    Raises:
        ValueError: onnx is not installed, or torch cannot export the network.
    """
    if any(find_spec(name) is None for name in NEEDED):
        raise ValueError("ONNX files need onnx and onnxscript: pip install 'hf_genimg[onnx]'")
    network = copy.deepcopy(pipeline.network).cpu().float().eval()
    exported = {}
    for part, (call, inputs) in _parts(pipeline, network).items():
        _export(Forward(network, call), inputs, folder / f"{part}.onnx")
        exported[part] = list(inputs)
    return exported


def _parts(pipeline: Any, network: Any) -> dict[str, tuple[Callable[..., torch.Tensor], dict[str, torch.Tensor]]]:
    """Of each part how the network is called, and examples of its inputs."""
    able, config = pipeline.capabilities, network.config
    if able.task == "classification":
        pictures = torch.zeros(1, able.image_channels, able.image_size, able.image_size)
        return {"classes": (lambda network, images: network(images).softmax(1), {"inputs": pictures})}
    if able.task == "translation":
        inputs = _translator_inputs(network)
        names = list(inputs)[1:]
        return {
            "images": (
                lambda network, images, *rest: network(images, **dict(zip(names, rest, strict=True))),
                inputs,
            )
        }
    inputs = _latent_inputs(network, able.num_classes)
    names = [KEYWORDS.get(name, name) for name in list(inputs)[1:]]

    def generate(network: Any, latents: torch.Tensor, *rest: torch.Tensor) -> torch.Tensor:
        given = {"class_labels": None, **dict(zip(names, rest, strict=True))}
        return pipeline._forward(network, GeneratorInputs(latents, seeds=None, **given))

    parts = {"images": (generate, inputs)}
    if able.encode and "labels" not in network.conditions:
        pictures = torch.zeros(1, config.image_channels, config.image_size, config.image_size)
        parts["encoder"] = (lambda network, images: network.encode(images).mean, {"inputs": pictures})
    return parts


def _latent_inputs(network: Any, num_classes: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    inputs = {"latents": network.sample_latents(1, generator)}
    if num_classes and "labels" in network.conditions:
        inputs["labels"] = torch.zeros(1, dtype=torch.long)
    noise = network.sample_noise(1, generator)
    return inputs if noise is None else {**inputs, "noise": noise}


def _translator_inputs(network: Any) -> dict[str, torch.Tensor]:
    config, side = network.config, translator_size(network)
    inputs = {"inputs": torch.zeros(1, config.input_channels, side, side)}
    if "mask" in network.conditions:
        inputs["mask"] = torch.zeros(1, 1, side, side)
    if "style" in network.conditions:
        inputs["style"] = torch.zeros(1, config.input_channels, side, side)
    if "strength" in network.conditions:
        inputs["strength"] = torch.ones(())
    return inputs


def translator_size(network: Any) -> int:
    """Pixels a side of what the exported translator takes: its own size, or 256 where it takes any."""
    multiple = network.size_multiple
    return network.config.image_size if not multiple else max(1, TRANSLATED // network.scale // multiple) * multiple


def _export(module: Forward, inputs: dict[str, torch.Tensor], path: Path) -> None:
    quiet = logging.getLogger("torch.onnx")
    level = quiet.level
    quiet.setLevel(logging.ERROR)
    try:
        with torch.no_grad(), warnings.catch_warnings(action="ignore"):
            torch.onnx.export(
                module,
                tuple(inputs.values()),
                path,
                input_names=list(inputs),
                output_names=["output"],
                dynamo=True,
                external_data=False,
                verbose=False,
            )
    except Exception as error:  # of torch's exporter: of no common kind
        name = type(module.network).__name__
        raise ValueError(f"{name} cannot become ONNX: {str(error).strip().splitlines()[0][:200]}") from error
    finally:
        quiet.setLevel(level)
