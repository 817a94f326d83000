"""The watermark: seen by the detector and by nobody else, through JPEG and resizing, saved with the pipeline."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import hf_genimg
from hf_genimg import DCGANGenerator, ImageGenerationPipeline
from hf_genimg.pipelines.watermark import THRESHOLD, detect, mark, scores


def scenes(count: int, size: int = 64, channels: int = 3) -> torch.Tensor:
    """Smooth noise with an edge, uint8 [N, H, W, C]: nearer to pictures than noise is."""
    generator = torch.Generator().manual_seed(0)
    octaves = [
        torch.randn(count, channels, side, side, generator=generator) * 100 / side**0.7 for side in (4, 8, 16, 32, size)
    ]
    image = 128 + sum(torch.nn.functional.interpolate(octave, (size, size), mode="bilinear") for octave in octaves)
    image[..., size // 3 :] += 25
    return image.clamp(0, 255).round().to(torch.uint8).permute(0, 2, 3, 1)


def picture(pixels: torch.Tensor) -> Image.Image:
    return Image.fromarray(pixels.numpy().squeeze(-1) if pixels.shape[-1] == 1 else pixels.numpy())


def jpeg(image: Image.Image) -> Image.Image:
    content = io.BytesIO()
    image.save(content, "JPEG", quality=70)
    return Image.open(content)


def psnr(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return 10 * torch.log10(255**2 / (one.double() - other.double()).square().mean((1, 2, 3)))


@pytest.fixture
def large() -> ImageGenerationPipeline:
    torch.manual_seed(0)
    return ImageGenerationPipeline(DCGANGenerator(64, 3, 8, 4).eval())


@pytest.mark.parametrize(("size", "channels"), [(64, 1), (64, 3), (96, 3), (160, 1)])
def test_a_mark_is_faint_and_lasts(size: int, channels: int) -> None:
    clean = scenes(24, size, channels)
    marked = mark(clean)
    assert marked.shape == clean.shape
    assert marked.dtype == torch.uint8
    assert psnr(clean, marked).mean() >= 35
    assert psnr(clean, marked).min() >= 32
    for image in map(picture, marked):
        assert detect(image)
        assert detect(jpeg(image))
        assert detect(image.resize((size * 3 // 4, size * 3 // 4), Image.Resampling.LANCZOS))
        assert not detect(image, "somebody else's")


def test_clean_images_score_as_chance_does() -> None:
    clean = scenes(64)
    found = torch.stack([scores(clean, f"key {number}") for number in range(64)])
    assert abs(found.mean()) < 0.1
    assert 0.9 < found.std() < 1.1
    assert found.max() < THRESHOLD + 0.5


@pytest.mark.parametrize("level", [0, 128, 255])
def test_flat_images_are_not_taken_for_marked_but_can_be(level: int) -> None:
    flat = torch.full((1, 64, 64, 3), level, dtype=torch.uint8)
    assert not detect(picture(flat[0]))
    marked = mark(flat)
    assert detect(picture(marked[0]))
    assert psnr(flat, marked).min() >= 32


def test_sides_may_differ_and_each_image_is_marked_by_itself() -> None:
    clean = scenes(3, 96)[:, :, :70]
    marked = mark(clean)
    assert all(detect(picture(each)) for each in marked)
    assert torch.equal(mark(clean[1:2]), marked[1:2])


def test_a_pipeline_marks_what_it_gives_as_grey_levels_and_only_when_asked(large: ImageGenerationPipeline) -> None:
    plain = large(2, seed=3, output_type="uint8").images
    floats = large(2, seed=3, output_type="pt").images
    large.set_watermark()
    assert torch.equal(large(2, seed=3, output_type="pt").images, floats)
    marked = large(2, seed=3, output_type="uint8").images
    assert torch.equal(marked, mark(plain))
    assert np.array_equal(np.asarray(large(2, seed=3).images[1]), marked[1].numpy())
    large.set_watermark(None)
    assert torch.equal(large(2, seed=3, output_type="uint8").images, plain)


def test_the_key_is_saved_and_loaded(large: ImageGenerationPipeline, tmp_path: Path) -> None:
    large.save_pretrained(tmp_path / "plain")
    assert "watermark_key" not in (tmp_path / "plain" / "model_index.json").read_text()
    large.set_watermark("of our house")
    large.save_pretrained(tmp_path / "marked")
    assert not detect(hf_genimg.load(tmp_path / "plain")(seed=1).images[0], "of our house")
    for loaded in (
        hf_genimg.load(tmp_path / "marked"),
        hf_genimg.DiffusionPipeline.from_pretrained(tmp_path / "marked"),
    ):
        assert detect(loaded(seed=1).images[0], "of our house")
        assert not detect(loaded(seed=1).images[0])


def test_small_images_and_empty_keys_are_refused(
    colour: ImageGenerationPipeline, large: ImageGenerationPipeline
) -> None:
    with pytest.raises(ValueError, match="needs images of 64 pixels or more, and these have 16"):
        colour.set_watermark()
    with pytest.raises(ValueError, match="needs images of 64 pixels or more, and these have 16"):
        ImageGenerationPipeline(colour.generator, watermark_key="key")
    with pytest.raises(ValueError, match="watermark_key='' is no key"):
        large.set_watermark("")
    with pytest.raises(ValueError, match="these have 40"):
        mark(torch.zeros(1, 40, 80, 3, dtype=torch.uint8))
