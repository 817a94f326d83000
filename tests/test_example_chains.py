"""The scripts in `examples/scripts/` run, on small models with random weights."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import hf_genimg
from hf_genimg.recipes import recipe_class

EXAMPLES = Path(__file__).parents[1] / "examples/scripts"
UPSCALER = Path(__file__).parent / "families/upscaler.py"


def run(name: str, *arguments: object) -> Image.Image:
    runpy.run_path(str(EXAMPLES / name))["main"](*map(str, arguments))
    with Image.open(arguments[-1]) as image:
        image.load()
        return image


def test_text_or_class_to_sprite_to_a_larger_sprite(tmp_path: Path) -> None:
    torch.manual_seed(0)
    size = {"image_size": 16, "image_channels": 1, "latent_dim": 4, "width": 2}
    text = hf_genimg.TextGANGenerator(**size, text_dim=4, vocabulary=["dragon"], examples=["dragon"])
    hf_genimg.TextToImagePipeline(text).save_pretrained(tmp_path / "text")
    classes = hf_genimg.CGANGenerator(**size, num_classes=2)
    classes.register_to_config(class_names=["dragon", "wall"])
    hf_genimg.ImageGenerationPipeline(classes).save_pretrained(tmp_path / "classes")
    upscaler = recipe_class(UPSCALER)().smoke().override(image_channels=1)
    upscaler.pipeline(upscaler.models()).save_pretrained(tmp_path / "upscaler")
    for model in ("text", "classes"):
        large = run("sprite_from_text.py", tmp_path / model, tmp_path / "upscaler", "dragon", tmp_path / f"{model}.png")
        assert large.size == (32, 32) and "AI-generated" in large.info["Source"]


def test_a_photo_in_a_style(tmp_path: Path) -> None:
    torch.manual_seed(0)
    hf_genimg.ImageTranslationPipeline(hf_genimg.AdaINTranslator(16, width=2)).save_pretrained(tmp_path / "model")
    for name, shape in (("photo", (30, 41, 3)), ("painting", (20, 20, 3))):
        levels = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
        Image.fromarray(levels).save(tmp_path / f"{name}.jpg")
    styled = run("photo_in_style.py", *(tmp_path / name for name in ("model", "photo.jpg", "painting.jpg", "out.png")))
    assert styled.size == (41, 30)
