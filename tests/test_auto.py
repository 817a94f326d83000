"""`train auto`: which family and settings for which pictures and time, and that the run fits the time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from hf_genimg.cli import main
from hf_genimg.recipes import recipe_class
from hf_genimg.recipes._auto import SIZES, Pictures, automatic, choose, lasting, look_at


def pictures(folder: Path, count: int = 20, mode: str = "RGB", size: tuple[int, int] = (20, 24)) -> Path:
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(count):
        levels = random.integers(0, 256, (size[1], size[0], len(mode)), dtype=np.uint8)
        Image.fromarray(levels[..., 0] if mode == "L" else levels).save(folder / f"{number:02}.png")
    return folder


def test_what_a_folder_holds(tmp_path: Path) -> None:
    assert look_at(str(pictures(tmp_path / "a", 3))) == Pictures(3, 20, grey=False, transparent=False)
    assert look_at(str(pictures(tmp_path / "b", 2, "L"))) == Pictures(2, 20, grey=True, transparent=False)
    assert look_at(str(pictures(tmp_path / "c", 2, "RGBA"))) == Pictures(2, 20, grey=False, transparent=True)
    assert look_at("digits").side is None


def test_the_rule() -> None:
    colour = Pictures(5_000, 100, grey=False, transparent=False)
    faces = choose(colour, 30, accelerator=False, features=True)
    assert (faces.family, faces.fields) == ("projected_gan", {"image_size": 64, "batch_size": 32})
    without = choose(colour, 30, accelerator=False, features=False)
    assert without.family == "dcgan" and "the extra `features` is not installed" in without.why
    few = Pictures(100, 300, grey=False, transparent=True)
    found = choose(few, 300, accelerator=False, features=True)
    assert found.family == "fastgan"
    assert found.fields == {"image_size": 128, "batch_size": 16, "image_channels": 4}
    assert found.why.startswith("fastgan at 128 pixels: 100 transparent pictures, 300 minutes; ")
    assert choose(few, 1, accelerator=True, features=True).fields["image_size"] == 256


def test_the_rule_for_small_images_is_the_measured_one() -> None:
    sprites = Pictures(2_481, 32, grey=False, transparent=False)
    for minutes, family in ((2, "wgan_gp"), (20, "dcgan")):
        found = choose(sprites, minutes, accelerator=False, features=True)
        assert (found.family, found.fields) == (family, {"image_size": 32, "batch_size": 32})
    few = choose(Pictures(40, 10, grey=False, transparent=False), 30, accelerator=False, features=True).fields
    augmented = {"diff_augment": "color,translation,cutout"}
    assert few == {"image_size": 16, "batch_size": 32, "upscale": True, **augmented}
    with pytest.raises(ValueError, match="3 pictures are too few to learn from; give 16 or more"):
        choose(Pictures(3, 10, grey=False, transparent=False), 30, accelerator=False, features=True)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("minutes", [1, 60])
@pytest.mark.parametrize("grey", [False, True])
def test_the_family_makes_the_size(grey: bool, minutes: float, size: int) -> None:
    found = choose(Pictures(5_000, size, grey, False), minutes, accelerator=True, features=True)
    family, size = found.family, found.fields["image_size"]
    recipe = recipe_class(family)().override(image_size=size, image_channels=1)
    recipe.check()
    with torch.device("meta"):
        assert recipe.networks()["generator"].config.image_size == size


def test_length_follows_the_measured_time() -> None:
    recipe = recipe_class("dcgan")().override(batch_size=10)
    fitted = lasting(recipe, 10, 0.005)
    assert fitted.images == 114_000 and fitted.ema_half_life == min(recipe.ema_half_life, 11_400)
    assert lasting(recipe, 1, 0.005).ema_half_life == 1_140
    with pytest.raises(ValueError, match=r"minutes=0.01 is too short for dcgan on this machine; give 0.1 or more"):
        lasting(recipe, 0.01, 0.02)


def test_a_run_says_why_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = pictures(tmp_path / "grey", 20, "L")
    command = ["train", "auto", f"data={data}", "width=2", "images=64", "--out", str(tmp_path / "run")]
    assert main([*command, "minutes=30"]) == 0
    output = capsys.readouterr().out.splitlines()[0]
    assert output == "dcgan at 16 pixels: 20 grey pictures, 30 minutes; the best of small images after 20 minutes"
    assert main(command) == 0
    assert "goes on as it began: dcgan, 64 images" in capsys.readouterr().out


def test_a_probe_gives_the_length(tmp_path: Path) -> None:
    settings = [f"data={pictures(tmp_path / 'grey', 20, 'L')}", "width=2", "minutes=60"]
    recipe, why = automatic(tmp_path / "run", settings)
    assert recipe.images > 20 * recipe.batch_size and recipe.images % recipe.batch_size == 0
    assert f"; {recipe.images:,} images by the speed of 20 training steps" in why
    assert not (tmp_path / "run").exists()


def test_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = pictures(tmp_path / "grey", 20, "L")
    for settings, words in (
        (["minutes=3"], "train auto needs data=FOLDER"),
        ([f"data={data}"], "train auto needs minutes=, how long the run may take"),
        ([f"data={data}", "minutes=0"], "minutes=0 must be above 0"),
        ([f"data={data}", "minutes=long"], "minutes=long is not right"),
        ([f"data={data}", "minutes"], "'minutes' is not a setting"),
        ([f"data={data}", "minutes=1", "widht=3"], "there is no field 'widht'; did you mean width?"),
        ([f"data={data}", "minutes=1", "--smoke"], "--smoke does not go with auto"),
    ):
        assert main(["train", "auto", *settings, "--out", str(tmp_path / "run")]) != 0
        assert words in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
