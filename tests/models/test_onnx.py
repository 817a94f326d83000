"""Generators leave torch: exported with torch's own exporter, they make the same images in onnxruntime, for any number
of inputs.
"""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
import torch

import hf_genimg

onnxruntime = pytest.importorskip("onnxruntime")
FACTS = [
    facts
    for file in sorted((Path(__file__).parent / "facts").glob("*.py"))
    for facts in runpy.run_path(str(file))["FACTS"]
]
GENERATORS = {facts["name"]: facts["tiny"] for facts in FACTS if facts["kind"] in ("generator", "translator")}

# Each kind of layer and of input once; all the others under `slow`.
FAST = ("MLPGANGenerator", "DCGANGenerator", "CGANGenerator", "BigGANGenerator", "R3GANGenerator", "Pix2PixGenerator")
NAMES = [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in GENERATORS]


def some_inputs(generator: torch.nn.Module, count: int) -> dict[str, torch.Tensor]:
    config = generator.config
    if "input_channels" in config:
        return {"inputs": torch.rand(count, config.input_channels, config.image_size, config.image_size) * 2 - 1}
    labels = {"class_labels": torch.arange(count) % config.num_classes} if config.get("num_classes") else {}
    return {"inputs": generator.sample_latents(count), **labels}


@pytest.mark.parametrize("name", NAMES)
def test_the_exported_generator_makes_the_same_images(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    generator = getattr(hf_genimg, name)(**GENERATORS[name])
    for parameter in generator.parameters():
        parameter.data.mul_(5 if name == "AODNetGenerator" else 3)  # far from the grey images of a fresh network
    generator.eval()
    file, images, example = tmp_path / "generator.onnx", torch.export.Dim("images"), some_inputs(generator, 2)
    names = {"input_names": list(example), "output_names": ["images"]}
    shapes = ({0: images}, {0: torch.export.Dim.AUTO})[: len(example)]
    torch.onnx.export(
        generator, tuple(example.values()), file, dynamic_shapes=shapes, dynamo=True, verbose=False, **names
    )
    inputs = some_inputs(generator, 7)
    (made,) = onnxruntime.InferenceSession(file).run(None, {name: tensor.numpy() for name, tensor in inputs.items()})
    with torch.no_grad():
        expected = generator(*inputs.values())
    assert expected.std() > 0.01
    torch.testing.assert_close(torch.from_numpy(made), expected, rtol=0, atol=1e-3)  # a grey level is 8e-3
