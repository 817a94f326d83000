"""Upscalers, and pictures scored at their own sizes, against the formulas computed by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

import hf_genimg
from hf_genimg.cli import main
from hf_genimg.data import parse_degradation
from hf_genimg.evaluation.full_size import translated_at_full_size
from hf_genimg.pipelines.translation import ImageTranslationPipeline

from ..families.upscaler import SmallUpscaler


class OneSize(SmallUpscaler):
    """Takes no other size than the one it was trained at."""

    size_multiple = 0


SIZES = [(24, 33), (40, 28), (31, 31)]  # width, height
HALF = parse_degradation("downscale:2")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "twice"
    ImageTranslationPipeline(SmallUpscaler(width=2)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures") / "test"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number, (width, height) in enumerate(SIZES):
        small = random.integers(0, 256, (height // 4 + 1, width // 4 + 1), dtype=np.uint8)
        Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    return folder.parent


def by_hand(model: Path, target: np.ndarray, border: int = 0) -> float:
    """The PSNR of one picture, uint8 [H, W], halved and enlarged again."""
    target = target[: target.shape[0] // 2 * 2, : target.shape[1] // 2 * 2]
    inputs = torch.from_numpy(HALF(target[..., None], 0)).permute(2, 0, 1)[None].float() / 127.5 - 1
    made = hf_genimg.load(model)(inputs, output_type="uint8").images[0, ..., 0].numpy()
    inside = slice(border, -border or None)
    error = ((made.astype(float) - target) ** 2)[inside, inside].mean()
    return float(10 * np.log10(255**2 / error))


def read(folder: Path) -> list[np.ndarray]:
    return [np.array(Image.open(file)) for file in sorted((folder / "test").iterdir())]


def test_an_upscaler_is_scored_at_the_size_of_each_picture(model: Path, pictures: Path) -> None:
    report = hf_genimg.evaluate(
        model, f"{pictures}@test", paired=True, image_size="full", metrics=["psnr", "psnr_y", "ssim"], progress=False
    )
    for name, border in (("psnr", 0), ("psnr_y", 2)):
        expected = np.mean([by_hand(model, each, border) for each in read(pictures)])
        assert report.scores[name].value == pytest.approx(expected, rel=1e-6)
    assert 0 < report.scores["ssim"].value < 1
    assert report.protocol["image_size"] == "full: 3 sizes, shorter sides from 24 pixels"
    assert report.protocol["inputs"] == "downscale:2" and report.protocol["num_pairs"] == 3


def test_an_upscaler_is_scored_at_one_size(model: Path, pictures: Path) -> None:
    report = hf_genimg.evaluate(model, f"{pictures}@test", paired=True, progress=False)
    fitted = [ImageOps.fit(Image.fromarray(each), (16, 16), Image.Resampling.LANCZOS) for each in read(pictures)]
    assert report.scores["psnr"].value == pytest.approx(np.mean([by_hand(model, np.array(each)) for each in fitted]))
    assert report.protocol["image_size"] == 16 and set(report.scores) == {"psnr", "ssim", "ms_ssim"}


def test_inputs_that_lie_beside_their_targets_are_taken_as_they_are(
    model: Path, pictures: Path, tmp_path: Path
) -> None:
    for number, target in enumerate(read(pictures)):
        target = target[: target.shape[0] // 2 * 2, : target.shape[1] // 2 * 2]
        for side, levels in (("A", HALF(target[..., None], 0)[..., 0]), ("B", target)):
            (tmp_path / "test" / side).mkdir(parents=True, exist_ok=True)
            Image.fromarray(levels).save(tmp_path / "test" / side / f"{number}.png")
    run = tmp_path / "run"
    run.mkdir()
    (run / "recipe.json").write_text(json.dumps({"recipe": "x", "fields": {"inputs": "A", "targets": "B"}}))
    (run / "pipeline").symlink_to(model)
    asked = {"paired": True, "image_size": "full", "metrics": ["psnr"], "progress": False}
    expected = hf_genimg.evaluate(model, f"{pictures}@test", **asked).scores["psnr"].value
    report = hf_genimg.evaluate(run, f"{tmp_path}@test", **asked)
    assert report.scores["psnr"].value == pytest.approx(expected, rel=1e-6)
    assert report.protocol["inputs"] is None


def test_data_are_compared_at_their_own_sizes(pictures: Path, tmp_path: Path) -> None:
    """Every second picture with one level more: 48.13 decibels, and 100 for the same picture."""
    (tmp_path / "test").mkdir()
    for number, levels in enumerate(read(pictures)):
        Image.fromarray(levels.clip(0, 254) + np.uint8(number % 2)).save(tmp_path / "test" / f"{number}.png")
        Image.fromarray(levels.clip(0, 254)).save(pictures / "test" / f"{number}.png")
    sources = f"{tmp_path}@test", f"{pictures}@test"
    report = hf_genimg.evaluate(*sources, paired=True, image_size="full", metrics=["psnr"], progress=False)
    assert report.scores["psnr"].value == pytest.approx((100 + 20 * np.log10(255) + 100) / 3)
    assert report.protocol["pairing"] == "by name"


def test_what_cannot_be_scored_so_is_one_line(model: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one_size = hf_genimg.ImageTranslationPipeline(OneSize(width=2))
    with pytest.raises(ValueError, match="full is not possible with mine, which translates images of 16 pixels"):
        translated_at_full_size(one_size, "mine", str(pictures), None)
    for asked, line in (
        (["--image-size", "full"], "use a number of pixels, or with --paired: full"),
        (["--image-size", "big", "--paired"], "--image-size big is not possible; use a number of pixels, or full"),
        (["--image-size", "20", "--paired"], "is a model; leave it out, or use full for pictures at their own sizes"),
        (["--image-size", "full", "--paired", "--num", "4"], "--num 4 is not possible with the 3 pairs of"),
    ):
        assert main(["evaluate", str(model), "--reference", f"{pictures}@test", *asked]) == 1
        assert line in capsys.readouterr().err
