"""`train auto`: which family and settings for which pictures and time, and that the run fits the time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from hf_genimg.cli import main
from hf_genimg.recipes import _auto, recipe_class
from hf_genimg.recipes._auto import SIZES, Measurement, Pictures, automatic, choose, lasting, look_at, measurements

from .site import benchmark


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
    digits = look_at("digits")
    assert digits.side is None and digits.labelled


def row(family: str, fid: float, **changes: Any) -> Measurement:
    values = {"data": "things", "pictures": 2_000, "grey": False, "image_size": 32, "seconds": 300.0, "settings": {}}
    return Measurement(**{**values, "recall": 0.5, "copies": 0.0, "family": family, "fid": fid, **changes})


ROWS = (
    row("wgan_gp", 9.0, seconds=60.0),
    row("dcgan", 8.0, settings={"diff_augment": "color"}),
    row("cgan", 7.0),
    row("sngan", 6.0, copies=0.2),
    row("projected_gan", 5.0, image_size=64, data="views"),
    row("acgan_paper", 4.0, image_size=64, data="views"),
    row("fastgan", 3.0, image_size=64, pictures=200, data="paintings"),
    row("mlp_gan", 1.0, grey=True),
)


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_auto, "measurements", lambda: ROWS)


@pytest.mark.parametrize(
    ("pictures", "minutes", "features", "family"),
    [
        (Pictures(2_000, 32, False, False), 1, True, "wgan_gp"),
        (Pictures(2_000, 32, False, False), 60, True, "dcgan"),
        (Pictures(2_000, 32, False, False, labelled=True), 60, True, "cgan"),
        (Pictures(5_000, 100, False, False), 30, True, "projected_gan"),
        (Pictures(5_000, 100, False, False), 30, False, "dcgan"),
        (Pictures(100, 100, False, False), 30, True, "fastgan"),
        (Pictures(2_000, 28, True, False), 30, True, "mlp_gan"),
    ],
)
@pytest.mark.usefixtures("rows")
def test_the_nearest_measurement_with_the_lowest_fid_decides(
    pictures: Pictures, minutes: float, features: bool, family: str
) -> None:
    assert choose(pictures, minutes, accelerator=False, features=features).family == family


@pytest.mark.usefixtures("rows")
def test_a_choice_says_why_and_what_better_families_lack() -> None:
    found = choose(Pictures(2_000, 32, False, False), 5, accelerator=False, features=True)
    assert found.why == (
        "dcgan at 32 pixels: 2,000 colour pictures, 5 minutes; lowest FID (8, recall 0.50) after 300 s of one core on "
        "2,000 things at 32 pixels; not sngan: 20% of its images are copies; not cgan: it needs classes"
    )
    assert found.fields == {"diff_augment": "color", "image_size": 32}
    without = choose(Pictures(5_000, 100, False, False), 30, accelerator=False, features=False)
    assert "passed" not in without.why and without.fields == {"diff_augment": "color", "image_size": 64}


def test_the_fields_follow_the_pictures() -> None:
    few = Pictures(100, 300, grey=False, transparent=True)
    found = choose(few, 300, accelerator=False, features=True)
    assert found.fields["image_size"] == 128 and found.fields["image_channels"] == 4
    assert found.why.startswith(f"{found.family} at 128 pixels: 100 transparent pictures, 300 minutes; ")
    assert choose(few, 1, accelerator=True, features=True).fields["image_size"] == 256
    fields = choose(Pictures(40, 10, grey=False, transparent=False), 30, accelerator=False, features=False).fields
    assert fields["batch_size"] == 32 and fields["upscale"] and fields["diff_augment"] == "color,translation,cutout"
    assert choose(Pictures(60_000, 28, True, False), 30, accelerator=False, features=True).fields["image_size"] == 28
    with pytest.raises(ValueError, match="3 pictures are too few to learn from; give 16 or more"):
        choose(Pictures(3, 10, grey=False, transparent=False), 30, accelerator=False, features=True)


def test_the_measurements_and_tables_are_those_of_the_benchmarks() -> None:
    tables = benchmark("what_to_use")
    written = _auto.MEASURED.read_text(encoding="utf-8")
    assert written == tables.text_of(tables.measured()), "run benchmarks/what_to_use.py --write"
    for row in measurements():
        recipe_class(row.family)().override(**row.settings)
    texts = {"evening": tables.evening(tables.entries()), "choices": tables.choices(tables.measured())}
    for name, file in tables.PLACES.items():
        page = file.read_text(encoding="utf-8")
        assert tables.filled(page, name, texts[name]) == page, "run benchmarks/what_to_use.py --write"
    with pytest.raises(ValueError, match="there is no place <!-- evening -->"):
        tables.filled("nothing", "evening", "")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("minutes", [1, 60])
@pytest.mark.parametrize("grey", [False, True])
def test_the_family_makes_the_size(grey: bool, minutes: float, size: int) -> None:
    found = choose(Pictures(5_000, size, grey, False), minutes, accelerator=True, features=True)
    recipe = recipe_class(found.family)().override(image_size=found.fields["image_size"], image_channels=1)
    recipe.check()
    with torch.device("meta"):
        assert recipe.networks()["generator"].config.image_size == found.fields["image_size"] == size


def test_length_follows_the_measured_time() -> None:
    recipe = recipe_class("dcgan")().override(batch_size=10)
    fitted = lasting(recipe, 10, 0.005)
    assert fitted.images == 114_000 and fitted.ema_half_life == min(recipe.ema_half_life, 11_400)
    assert lasting(recipe, 1, 0.005).ema_half_life == 1_140
    with pytest.raises(ValueError, match=r"minutes=0.01 is too short for dcgan on this machine; give 0.1 or more"):
        lasting(recipe, 0.01, 0.02)


def test_a_run_says_why_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = pictures(tmp_path / "grey", 20, "L")
    command = ["train", "auto", f"data={data}", "width=16", "images=64", "--out", str(tmp_path / "run")]
    assert main([*command, "minutes=30"]) == 0
    output = capsys.readouterr().out.splitlines()[0]
    assert output.startswith("r3gan at 16 pixels: 20 grey pictures, 30 minutes; lowest FID (")
    assert main(command) == 0
    assert "goes on as it began: r3gan, 64 images" in capsys.readouterr().out


def test_a_probe_gives_the_length(tmp_path: Path) -> None:
    settings = [f"data={pictures(tmp_path / 'grey', 20, 'L')}", "width=16", "minutes=60"]
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
        ([f"data={data}", "minutes=1", "imag_size=3"], "there is no field 'imag_size'; did you mean image_size?"),
        ([f"data={data}", "minutes=1", "--smoke"], "--smoke does not go with auto"),
    ):
        assert main(["train", "auto", *settings, "--out", str(tmp_path / "run")]) != 0
        assert words in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
