"""Generators leave torch: exported with torch's own exporter, they make the same images in onnxruntime, for any number
of inputs.
"""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

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


FACTORS = {"AODNetGenerator": 5, "MSRResNetGenerator": 8, "AdaINTranslator": 1.2}  # on weights: far from flat images
ONE = ("AdaINTranslator", "GatedInpaintingGenerator")  # exported for one image only, as for static Spaces


def in_the_centre(marked: torch.Tensor) -> torch.Tensor:
    """A mask of what is marked in the central half, where context encoders fill in."""
    quarter = marked.shape[-1] // 4
    return F.pad(marked[..., quarter:-quarter, quarter:-quarter].float(), (quarter,) * 4)


def some_inputs(generator: torch.nn.Module, count: int) -> dict[str, torch.Tensor]:
    """What `forward` takes, by name."""
    config = generator.config
    image = (count, config.get("input_channels"), config.image_size, config.image_size)
    given = {
        "inputs": lambda: torch.rand(image) * 2 - 1,
        "style": lambda: torch.rand(image) * 2 - 1,
        "mask": lambda: in_the_centre(torch.rand(count, 1, *image[2:]) < 0.3),
        "text": lambda: torch.arange(count)[:, None] % 2 + 1,
    }
    own = {name: make() for name, make in given.items() if name in generator.conditions}
    labels = {"class_labels": torch.arange(count) % config.num_classes} if config.get("num_classes") else {}
    return {**({} if "inputs" in own else {"latents": generator.sample_latents(count)}), **labels, **own}


@pytest.mark.parametrize("name", NAMES)
def test_the_exported_generator_makes_the_same_images(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    generator = getattr(hf_genimg, name)(**GENERATORS[name])
    for parameter in generator.parameters():
        parameter.data.mul_(FACTORS.get(name, 3))
    generator.eval()
    few, many = (1, 1) if name in ONE else (2, 7)
    file, example = tmp_path / "generator.onnx", some_inputs(generator, few)
    names = {"input_names": list(example), "output_names": ["images"]}
    shapes = None if name in ONE else {given: {0: torch.export.Dim.AUTO} for given in example}
    torch.onnx.export(generator, (), file, kwargs=example, dynamic_shapes=shapes, dynamo=True, verbose=False, **names)
    inputs = some_inputs(generator, many)
    (made,) = onnxruntime.InferenceSession(file).run(None, {name: tensor.numpy() for name, tensor in inputs.items()})
    with torch.no_grad():
        expected = generator(**inputs)
    assert expected.std() > 0.01
    torch.testing.assert_close(torch.from_numpy(made), expected, rtol=0, atol=1e-3)  # a grey level is 8e-3
