"""Generators leave torch: exported with torch's own exporter, they make the same images in onnxruntime, for any number of latents."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
import torch

import hf_genimg

onnxruntime = pytest.importorskip("onnxruntime")
FACTS = [facts for file in sorted((Path(__file__).parent / "facts").glob("*.py")) for facts in runpy.run_path(str(file))["FACTS"]]
GENERATORS = {facts["name"]: facts["tiny"] for facts in FACTS if facts["kind"] == "generator"}


@pytest.mark.parametrize("name", list(GENERATORS))
def test_the_exported_generator_makes_the_same_images(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    generator = getattr(hf_genimg, name)(**GENERATORS[name])
    for parameter in generator.parameters():
        parameter.data.mul_(3)  # far from the grey images of a fresh network
    generator.eval()
    file, images = tmp_path / "generator.onnx", torch.export.Dim("images")
    names = {"input_names": ["latents"], "output_names": ["images"]}
    torch.onnx.export(generator, (generator.sample_latents(2),), file, dynamic_shapes=({0: images},), dynamo=True, verbose=False, **names)
    latents = generator.sample_latents(7)
    (made,) = onnxruntime.InferenceSession(file).run(None, {"latents": latents.numpy()})
    with torch.no_grad():
        expected = generator(latents)
    assert expected.std() > 0.01
    torch.testing.assert_close(torch.from_numpy(made), expected, rtol=0, atol=1e-3)  # a grey level is 8e-3
