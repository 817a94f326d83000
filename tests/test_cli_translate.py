"""`hf-genimg translate`: what it writes, what a translator's run says is next, and one line for each mistake."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import hf_genimg
from hf_genimg.cli import main
from hf_genimg.commands.films import smoothed
from hf_genimg.pipelines.provenance import read_provenance

from .families.bicycle import SmallBicycle


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("models") / "sketches"
    hf_genimg.ImageTranslationPipeline(hf_genimg.Pix2PixGenerator(16, 3, 1, 2)).save_pretrained(folder)
    return str(folder)


@pytest.fixture
def pictures(tmp_path: Path) -> list[str]:
    for name, size in (("one", (24, 20)), ("two", (16, 16))):
        Image.fromarray(np.arange(size[0] * size[1], dtype=np.uint8).reshape(size)).save(tmp_path / f"{name}.png")
    return [str(tmp_path / "one.png"), str(tmp_path / "two.png")]


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main([str(argument) for argument in arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and len(captured.err.strip().splitlines()) == 1
    return captured.err


def test_pictures_are_translated(
    model: str, pictures: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["translate", model, *pictures, "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out == f"2 translations in {tmp_path}/out\n"
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["one-translated.png", "two-translated.png"]
    expected = hf_genimg.load(model)(Image.open(pictures[0])).images[0]
    with Image.open(tmp_path / "out/one-translated.png") as image:
        assert (image.mode, image.size, image.tobytes()) == ("RGB", (20, 24), expected.tobytes())
    note = read_provenance(tmp_path / "out/one-translated.png")
    assert (note["model"], note["translated"]) == ("sketches", True)


def test_a_run_says_that_it_translates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "pix2pix", "--smoke", "images=8", "--out", str(tmp_path / "run")]) == 0
    where, what = capsys.readouterr().out.strip().splitlines()
    assert "held out l1 " in where
    assert what == f"next: hf-genimg translate {tmp_path}/run IMAGE --out pictures"


def test_mistakes_are_one_line(
    model: str, pictures: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert f"{model} takes no mask, for it fills nothing in; leave out --mask {pictures[1]}" in refusal(
        capsys, "translate", model, pictures[0], "--mask", pictures[1], "--out", out
    )
    assert "makes images of pictures only; use hf-genimg translate" in refusal(capsys, "sample", model, "--out", out)
    assert "cannot encode pictures" in refusal(capsys, "reconstruct", model, pictures[0], "--out", out)
    assert "is not a picture that can be read" in refusal(
        capsys, "translate", model, pictures[0], __file__, "--out", out
    )
    assert "would both be written" in refusal(capsys, "translate", model, pictures[0], pictures[0], "--out", out)
    assert "is the name of a picture, and a folder is wanted" in refusal(
        capsys, "translate", model, pictures[0], "--out", "x.png"
    )
    gan = tmp_path / "gan"
    hf_genimg.ImageGenerationPipeline(hf_genimg.DCGANGenerator(16, 1, 4, 2)).save_pretrained(gan)
    assert f"{gan} cannot translate pictures; translate needs a translator" in refusal(
        capsys, "translate", gan, pictures[0], "--out", out
    )
    assert not out.exists()
    assert main(["translate", model, pictures[0], "--out", str(out)]) == 0
    capsys.readouterr()
    assert "exists already and is not overwritten" in refusal(capsys, "translate", model, pictures[0], "--out", out)


def test_a_class_and_a_seed_choose_the_translation(
    pictures: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, network = tmp_path / "model", SmallBicycle(num_classes=2)
    network.register_to_config(class_names=["cat", "dog"])
    pipe = hf_genimg.ImageTranslationPipeline(network)
    pipe.save_pretrained(model)
    asked = ["translate", model, *pictures]
    assert main([*map(str, asked), "--seed", "7", "--label", "dog", "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out == f"2 translations in {tmp_path}/out\n"
    for name in ("one", "two"):
        with Image.open(tmp_path / f"out/{name}-translated.png") as image, Image.open(tmp_path / f"{name}.png") as own:
            assert image.tobytes() == pipe(own, seed=7, class_labels=1).images[0].tobytes()
    note = read_provenance(tmp_path / "out/two-translated.png")
    assert (note["seed"], note["class_label"]) == (7, 1)
    assert main([*map(str, asked), "--label", "0", "--out", str(tmp_path / "chosen")]) == 0
    named = int(capsys.readouterr().out.rpartition(", of seed ")[2])
    assert read_provenance(tmp_path / "chosen/one-translated.png")["seed"] == named
    assert read_provenance(tmp_path / "chosen/two-translated.png")["seed"] == named
    out = ["--out", tmp_path / "none"]
    assert f"{model} needs --label: the class" in refusal(capsys, *asked, *out)
    assert "there is no class 'cow'" in refusal(capsys, *asked, "--label", "cow", *out)


def test_a_model_without_them_takes_no_class_and_no_seed(
    model: str, pictures: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["translate", model, *pictures, "--out", tmp_path / "out"]
    assert f"{model} has no classes; leave out --label 3" in refusal(capsys, *asked, "--label", "3")
    assert "has no latents, so a picture has one translation; leave out --seed 0" in refusal(
        capsys, *asked, "--seed", "0"
    )
    assert not (tmp_path / "out").exists()


def test_frames_are_smoothed_where_nothing_moves() -> None:
    frames = [Image.new("RGB", (8, 4), (100, 100, 100)) for _ in range(3)]
    frames[1].paste((200, 100, 100), (0, 0, 4, 4))  # the left half changes, and changes back
    made = iter((10, 110, 60))

    def translate(frame: Image.Image) -> Image.Image:
        image = Image.new("RGB", (16, 8), (next(made),) * 3)
        image.info["hf_genimg"] = "{}"
        return image

    smooth = smoothed(translate, 0.75)
    first, second, third = (smooth(frame) for frame in frames)
    assert first.getpixel((0, 0)) == (10, 10, 10)
    assert second.getpixel((0, 0)) == (110, 110, 110) and second.getpixel((15, 0))[0] == pytest.approx(35, abs=1)
    assert third.getpixel((15, 0))[0] == pytest.approx(0.75 * 35 + 0.25 * 60, abs=1) and third.info == first.info


def test_smoothing_is_for_moving_pictures(
    model: str, pictures: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refusal(capsys, "translate", model, pictures[0], "--smooth", 0.5, "--out", tmp_path / "out")
    assert "--smooth 0.5 is for films and GIFs, and none is among the images; leave it out" in message
    message = refusal(capsys, "translate", model, pictures[0], "--smooth", 1, "--out", tmp_path / "out")
    assert "--smooth 1.0 is not possible; give a share from 0 to below 1" in message
