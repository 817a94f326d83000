"""`ImageTranslationPipeline`: the same translation always, in any split, from memory or disk; refusals in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline
from PIL import Image
from torch import nn

import hf_genimg
from hf_genimg import ImageTranslationPipeline, Pix2PixDiscriminator, Pix2PixGenerator
from hf_genimg.pipelines.provenance import read_provenance, save_png


def awake(network: nn.Module) -> nn.Module:
    """Weights and statistics far from those of a fresh network, so that train and eval mode differ, and images are not
    grey.
    """
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.running_var, 0.01, 0.1)
    return network


@pytest.fixture
def pipe() -> ImageTranslationPipeline:
    """From colour to grey, with dropout."""
    torch.manual_seed(0)
    made = ImageTranslationPipeline(
        awake(Pix2PixGenerator(64, 1, 3, 4)).eval(), Pix2PixDiscriminator(64, 1, 3, 4).eval()
    )
    made.set_progress_bar_config(disable=True)
    return made


@pytest.fixture
def inputs() -> torch.Tensor:
    return torch.rand(5, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_the_translation_is_that_of_the_network_in_eval_mode(
    pipe: ImageTranslationPipeline, inputs: torch.Tensor
) -> None:
    with torch.no_grad():
        expected = pipe.generator(inputs)
    assert expected.std() > 0.01
    pipe.generator.train()
    made = pipe(inputs, output_type="pt").images
    torch.testing.assert_close(made, (expected + 1) / 2)
    assert pipe.generator.training and all(module.training for module in pipe.generator.modules())
    assert pipe(inputs[:1], output_type="np").images.shape == (1, 64, 64, 1)
    assert pipe(inputs[:1], output_type="uint8", return_dict=False)[0].dtype == torch.uint8


@pytest.mark.parametrize("size", [1, 2, 5, 9])
def test_the_split_changes_nothing(size: int, pipe: ImageTranslationPipeline, inputs: torch.Tensor) -> None:
    whole = pipe(inputs, output_type="pt").images
    torch.testing.assert_close(pipe(inputs, output_type="pt", max_batch_size=size).images, whole, rtol=0, atol=1e-5)


def test_pictures_are_prepared_as_training_data_is(pipe: ImageTranslationPipeline) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    as_tensor = torch.from_numpy(levels).permute(2, 0, 1)[None] / 127.5 - 1
    expected = pipe(as_tensor.float(), output_type="uint8").images
    for picture in (Image.fromarray(levels), [Image.fromarray(levels)]):
        assert torch.equal(pipe(picture, output_type="uint8").images, expected)
    (grey,) = pipe(Image.new("L", (300, 200), 77)).images
    assert (grey.mode, grey.size) == ("L", (300, 200))


def test_pictures_are_signed(pipe: ImageTranslationPipeline, inputs: torch.Tensor, tmp_path: Path) -> None:
    save_png(pipe(inputs[:1]).images[0], tmp_path / "x.png")
    note = read_provenance(tmp_path / "x.png")
    assert (note["pipeline"], note["network"], note["translated"]) == (
        "ImageTranslationPipeline",
        "Pix2PixGenerator",
        True,
    )


def test_capabilities(pipe: ImageTranslationPipeline) -> None:
    able = pipe.capabilities
    assert (able.task, able.image_size, able.image_channels, able.mask, able.encode) == (
        "translation",
        64,
        1,
        False,
        False,
    )


def test_saved_and_loaded_by_every_way(pipe: ImageTranslationPipeline, inputs: torch.Tensor, tmp_path: Path) -> None:
    pipe.save_pretrained(tmp_path)
    assert (
        '"generator": [\n    "hf_genimg",\n    "Pix2PixGenerator"\n  ]' in (tmp_path / "model_index.json").read_text()
    )
    expected = pipe(inputs, output_type="pt").images
    for load in (hf_genimg.load, DiffusionPipeline.from_pretrained, ImageTranslationPipeline.from_pretrained):
        loaded = load(str(tmp_path))
        assert type(loaded) is ImageTranslationPipeline and isinstance(loaded.discriminator, Pix2PixDiscriminator)
        assert torch.equal(loaded(inputs, output_type="pt").images, expected)


def test_without_a_discriminator(pipe: ImageTranslationPipeline, inputs: torch.Tensor, tmp_path: Path) -> None:
    ImageTranslationPipeline(pipe.generator).save_pretrained(tmp_path)
    loaded = hf_genimg.load(tmp_path)
    assert loaded.discriminator is None
    assert torch.equal(loaded(inputs, output_type="pt").images, pipe(inputs, output_type="pt").images)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"images": "x.png"}, "images is str; give a PIL image, a list"),
        (
            {"images": torch.zeros(2, 1, 64, 64)},
            r"images is torch.float32 \[2, 1, 64, 64\]; this model takes float \[N, 3, H, W\]",
        ),
        ({"images": torch.full((1, 3, 64, 64), 255.0)}, "images has values from 255 to 255; bring them into"),
        ({"images": Image.new("L", (9, 9)), "max_batch_size": 0}, "max_batch_size=0 is not possible"),
        ({"images": Image.new("L", (9, 9)), "output_type": "jpg"}, "output_type='jpg' is not known"),
    ],
)
def test_refusals(arguments: dict[str, object], message: str, pipe: ImageTranslationPipeline) -> None:
    with pytest.raises(ValueError, match=message):
        pipe(**arguments)


def test_a_comparison_has_input_translation_and_target_side_by_side(
    pipe: ImageTranslationPipeline, inputs: torch.Tensor, tmp_path: Path
) -> None:
    targets = torch.linspace(-1, 1, 5).view(5, 1, 1, 1).repeat(1, 1, 64, 64)
    path = pipe.save_comparison(tmp_path / "rows.png", inputs, targets)
    assert read_provenance(path)["num_images"] == 5
    with Image.open(path) as grid:
        assert (grid.mode, grid.size) == ("RGB", (6 * 66, 3 * 66))  # two pairs a row
        cells = [
            [np.asarray(grid)[66 * row + 1 : 66 * row + 65, 66 * column + 1 : 66 * column + 65] for column in range(6)]
            for row in range(3)
        ]
    made = pipe(inputs, output_type="uint8").images
    for number in range(5):
        source, translated, target = cells[number // 2][3 * (number % 2) :][:3]
        assert np.array_equal(source, ((inputs[number] + 1) * 127.5).round().byte().permute(1, 2, 0))
        assert np.array_equal(translated, made[number].expand(-1, -1, 3))
        assert np.array_equal(target, ((targets[number] + 1) * 127.5).round().byte().permute(1, 2, 0).expand(-1, -1, 3))
    first = path.read_bytes()
    assert pipe.save_comparison(path, inputs, targets, overwrite=True).read_bytes() == first
    with pytest.raises(FileExistsError):
        pipe.save_comparison(path, inputs, targets)
    with pytest.raises(ValueError, match="there are 4 inputs but 5 targets"):
        pipe.save_comparison(tmp_path / "new.png", inputs[:4], targets)


def test_small_grey_pairs_make_a_grey_enlarged_grid(tmp_path: Path) -> None:
    pipe = ImageTranslationPipeline(Pix2PixGenerator(16, 1, 1, 2).eval())
    path = pipe.save_comparison(tmp_path / "rows.png", torch.zeros(1, 1, 16, 16), torch.zeros(1, 1, 16, 16))
    with Image.open(path) as grid:
        assert (grid.mode, grid.size) == ("L", (3 * 66, 66))
