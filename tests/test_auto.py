"""`train auto`: which family and settings for which pictures and time, and that the run fits the time."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hf_genimg.cli import main
from hf_genimg.recipes import recipe_class
from hf_genimg.recipes._auto import Pictures, choose, lasting, look_at


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
    assert choose(colour, 30, False, True).family == "projected_gan"
    assert choose(colour, 30, False, True).fields == {"image_size": 64, "batch_size": 32}
    assert choose(colour, 5, False, True).fields["image_size"] == 32
    few = Pictures(100, 300, grey=False, transparent=True)
    found = choose(few, 300, False, True)
    assert found.family == "fastgan"
    assert found.fields == {"image_size": 128, "batch_size": 16, "image_channels": 4}
    assert "100 transparent pictures, 300 minutes" in found.why
    assert choose(few, 1, True, True).fields["image_size"] == 256
    without = choose(colour, 30, False, False)
    assert without.family == "dcgan" and without.fields["diff_augment"] == "color,translation,cutout"
    assert "the extra `features` is not installed" in without.why
    grey = choose(Pictures(60_000, 28, grey=True, transparent=False), 30, False, True)
    assert grey.family == "dcgan" and grey.fields["diff_augment"] is None and grey.fields["image_size"] == 16
    small = choose(Pictures(40, 10, grey=False, transparent=False), 30, False, True).fields
    assert small == {"image_size": 16, "batch_size": 16, "upscale": True}
    with pytest.raises(ValueError, match="3 pictures are too few to learn from; give 16 or more"):
        choose(Pictures(3, 10, grey=False, transparent=False), 30, False, True)


def test_length_follows_the_measured_time() -> None:
    recipe = recipe_class("dcgan")().override(batch_size=10)
    fitted = lasting(recipe, 10, 0.005)
    assert fitted.images == 114_000 and fitted.ema_half_life == min(recipe.ema_half_life, 11_400)
    assert lasting(recipe, 1, 0.005).ema_half_life == 1_140
    with pytest.raises(ValueError, match=r"minutes=0.01 is too short for dcgan on this machine; give 0.1 or more"):
        lasting(recipe, 0.01, 0.02)


def test_a_run_says_why_fits_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = pictures(tmp_path / "grey", 20, "L")
    command = ["train", "auto", f"data={data}", "width=2", "--out", str(tmp_path / "run")]
    assert main([*command, "minutes=0.1"]) == 0
    said = capsys.readouterr().out.splitlines()[0]
    assert said.startswith("dcgan at 16 pixels: 20 grey pictures, 0.1 minutes; grey pictures need no ImageNet features")
    fields = json.loads((tmp_path / "run" / "recipe.json").read_text())["fields"]
    assert fields["images"] >= 20 * 16 and f"{fields['images']:,} images" in said
    assert main(command) == 0
    assert f"goes on as it began: dcgan, {fields['images']:,} images" in capsys.readouterr().out


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
