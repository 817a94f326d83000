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


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    generator = hf_genimg.MLPGANGenerator(image_size=8, latent_dim=4, width=8)
    hf_genimg.ImageGenerationPipeline(generator=generator).save_pretrained(tmp_path / "plain")
    return tmp_path / "plain"


def test_direction_from_seeds_is_saved_and_sample_moves_along_it(
    plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    find = ["direction", str(plain), "up", "--positive", "1,2,3", "--negative", "4,5,6"]
    assert main([*find, "--out", str(tmp_path / "up.png")]) == 0
    assert "difference of means, 3 against 3 latents; in" in capsys.readouterr().out
    with Image.open(tmp_path / "up.png") as picture:
        assert picture.width / picture.height > 1.6  # seven images a row, four rows
    pipe = hf_genimg.load(plain)
    latents = {seed: pipe.draw_seeds([seed, seed]).latents[0] for seed in range(1, 7)}
    expected = sum(latents[seed] - latents[seed + 3] for seed in (1, 2, 3))
    found = pipe.directions["up"].vector
    assert torch.allclose(found / found.norm(), expected / expected.norm(), atol=1e-5)
    assert main([*find, "--method", "svm"]) == 1
    assert "has a direction 'up' already; add --replace" in capsys.readouterr().err
    assert main([*find, "--method", "svm", "--replace"]) == 0
    pipe = hf_genimg.load(plain)
    assert "SVM" in pipe.directions["up"].found
    shown = ["sample", str(plain), "--seed", "9", "--direction", "up=-1.5", "--out", str(tmp_path / "moved.png")]
    assert main(shown) == 0
    with Image.open(tmp_path / "moved.png") as image:
        assert image.tobytes() == pipe(seed=9, directions={"up": -1.5}).images[0].tobytes()
    grid = [*shown[:4], "--num", "4", "--direction", "up=1", "--out", str(tmp_path / "grid.png")]
    assert main(grid) == 0


def test_what_invert_wrote_is_edited(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From pictures to styles, a direction between styles, and edited pictures."""
    for name, level in (("dark", 40), ("light", 200)):
        Image.new("L", (16, 16), level).save(tmp_path / f"{name}.png")
    invert = ["invert", str(model), str(tmp_path / "dark.png"), str(tmp_path / "light.png"), "--features", "none"]
    assert main([*invert, "--steps", "2", "--space", "w+", "--out", str(tmp_path / "found")]) == 0
    latents = tmp_path / "found/latents.safetensors"
    groups = ["--positive", str(latents), "--negative", "1,2,3"]
    assert main(["direction", str(model), "light", *groups]) == 0
    assert hf_genimg.load(model).directions["light"].space == "w"
    edit = ["sample", str(model), "--latents", str(latents), "--direction", "light=2"]
    assert main([*edit, "--out", str(tmp_path / "edited")]) == 0
    assert {file.name for file in (tmp_path / "edited").iterdir()} == {"latents-0.png", "latents-1.png"}
    assert main([*edit, "--out", str(tmp_path / "edited.png")]) == 0
    tensors, pipe = load_file(latents), hf_genimg.load(model)
    expected = pipe(**tensors, directions={"light": 2.0}).images[1]
    with Image.open(tmp_path / "edited/latents-1.png") as image:
        assert image.tobytes() == expected.tobytes()
    capsys.readouterr()
    assert main([*edit, "--num", "3", "--out", str(tmp_path / "other")]) == 1
    assert "leave out --num" in capsys.readouterr().err


def test_direction_from_labelled_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    vae = hf_genimg.ImageReconstructionPipeline(hf_genimg.MLPVAE(image_size=8, latent_dim=3, width=8))
    vae.save_pretrained(tmp_path / "vae")
    command = ["direction", str(tmp_path / "vae"), "nine", "--data", "digits", "--label", "9", "--against", "1"]
    assert main([*command, "--samples", "200"]) == 0
    assert "(9 of digits)" in hf_genimg.load(tmp_path / "vae").directions["nine"].found
    capsys.readouterr()
    assert main([*command[:2], "ten", "--data", "digits", "--label", "11"]) == 1
    assert "there is no class '11'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give one of: --positive and --negative"),
        (["--positive", "1"], "--positive and --negative belong together"),
        (["--positive", "1", "--negative", "2", "--label", "3"], "--label and --against are of"),
        (["--data", "digits"], "add --label"),
        (["--data", "digits", "--label", "3"], "--data needs an autoencoder"),
        (["--classifier", "digits", "--label", "ten"], "there is no class 'ten'"),
        (["--positive", "1,x", "--negative", "2"], "--positive '1,x' is no list of seeds"),
        (["--positive", "nowhere.safetensors", "--negative", "2"], "nowhere.safetensors does not exist"),
        (["--positive", "1", "--negative", "2", "--method", "guess"], "--method 'guess' is not known"),
        (["--positive", "1", "--negative", "2", "--space", "w"], "has no styles"),
        (["--positive", "1", "--negative", "2", "--out", "folder"], "use a name that ends in .png"),
    ],
)
def test_directions_that_cannot_be(
    plain: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert main(["direction", str(plain), "up", *options]) != 0
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (plain / "directions.safetensors").exists()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--direction", "up"], "--direction 'up' is not possible; use NAME=STRENGTH"),
        (["--direction", "up=1", "--direction", "up=2"], "--direction up is given twice"),
        (["--direction", "up=1"], "no direction called 'up'; it has none"),
        (["--latents", "nowhere"], "nowhere does not exist"),
    ],
)
def test_edits_that_cannot_be(
    plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: list[str], message: str
) -> None:
    assert main(["sample", str(plain), *option, "--out", str(tmp_path / "x.png")]) != 0
    assert message in capsys.readouterr().err and not (tmp_path / "x.png").exists()
