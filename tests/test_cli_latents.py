"""`hf-genimg invert` and `hf-genimg mix`: what they write, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import hf_genimg
from hf_genimg.cli import main


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    sizes = {"image_size": 16, "image_channels": 1, "width": 4, "capacity": 64}
    generator = hf_genimg.StyleGAN2Generator(**sizes, latent_dim=4, style_dim=4, mapping_layers=1)
    folder = tmp_path_factory.mktemp("models") / "styled"
    hf_genimg.ImageGenerationPipeline(generator=generator).save_pretrained(folder)
    return folder


def test_invert_writes_images_latents_and_a_curve(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, level in (("dark", 40), ("light", 200)):
        Image.new("L", (20, 20), level).save(tmp_path / f"{name}.png")
    command = ["invert", str(model), str(tmp_path / "dark.png"), str(tmp_path / "light.png"), "--steps", "3"]
    assert main([*command, "--space", "w+", "--out", str(tmp_path / "found")]) == 0
    assert {file.name for file in (tmp_path / "found").iterdir()} == {
        "dark-inverted.png",
        "light-inverted.png",
        "latents.safetensors",
        "curve.png",
    }
    tensors = load_file(tmp_path / "found/latents.safetensors")
    assert tensors["latents"].shape == (2, 6, 4) and tensors["noise"].shape == (2, 16 + 2 * 64 + 2 * 256)
    lines = capsys.readouterr().out.splitlines()
    assert "dark.png: PSNR" in lines[0] and "perceptual distance" in lines[0] and lines[-1].startswith("2 inversions")
    assert main([*command, "--out", str(tmp_path / "found")]) == 1
    assert "dark-inverted.png" in capsys.readouterr().err


def test_invert_by_pixels_alone_and_by_a_network_that_is_not_there(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("L", (16, 16), 90).save(tmp_path / "grey.png")
    command = ["invert", str(model), str(tmp_path / "grey.png"), "--steps", "1"]
    assert main([*command, "--features", "none", "--out", str(tmp_path / "one")]) == 0
    assert "perceptual" not in capsys.readouterr().out
    assert main([*command, "--features", "nowhere", "--out", str(tmp_path / "two")]) == 1
    assert "or use --features none" in capsys.readouterr().err and not (tmp_path / "two").exists()


def test_mix_draws_a_matrix(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "matrix.png"
    assert main(["mix", str(model), "--rows", "1,2", "--columns", "3,4,5", "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"2 rows of 3 columns in {out}\n"
    with Image.open(out) as picture:
        assert picture.width / picture.height == 4 / 3
    assert main(["mix", str(model), "--rows", "1,x", "--columns", "3", "--out", str(tmp_path / "other.png")]) == 1
    assert "--rows '1,x' is no list of seeds" in capsys.readouterr().err
    single = ["sample", str(model), "--seed", "1", "--mix-seed", "3", "--out", str(tmp_path / "single.png")]
    assert main(single) == 0
    assert main(["mix", str(model), "--rows", "1", "--columns", "3", "--out", str(tmp_path / "folder")]) == 1
