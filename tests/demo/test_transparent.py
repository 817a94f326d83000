"""A model whose images have transparency, in the page: on a checkerboard, with the neighbours of its images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import hf_genimg
from hf_genimg.data import open_dataset
from hf_genimg.demo import closer
from hf_genimg.demo.models import Shared
from hf_genimg.pipelines.images import convert, over_white
from hf_genimg.recipes import recipe_class
from hf_genimg.training.loop import train

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")

BOARD = "each => getComputedStyle(each).backgroundImage.includes('conic-gradient')"


def test_neighbours_are_those_over_white_and_over_black(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = Path(__file__).parents[2] / "model_cards/classifier-sprites"  # a twentieth of the time of the default
    monkeypatch.setattr(closer, "default_extractor", lambda *_: str(small))
    (tmp_path / "data").mkdir()
    random = np.random.default_rng(0)
    for number in range(8):
        levels = np.zeros((16, 16, 4), np.uint8)
        levels[2:14, number : number + 8] = (*random.integers(0, 256, 3), 255 if number % 2 else 128)
        Image.fromarray(levels).save(tmp_path / "data" / f"{number}.png")
    recipe = recipe_class("dcgan")().smoke().override(data=str(tmp_path / "data"), image_size=16, image_channels=4)
    train(recipe, tmp_path / "run", progress=False)
    model = Shared("run", hf_genimg.load(tmp_path / "run"), tmp_path / "run")
    images = open_dataset(recipe.data, image_size=16, image_channels=4, progress=False)
    asked = convert(images.batch(torch.arange(8))["images"], "pil")
    for number in (2, 5):
        found, meaning = closer.nearest(model, asked[number])
        near = np.abs(np.asarray(found[0][0], int) - np.asarray(over_white(asked[number]).convert("RGB"), int))
        assert near.max() <= 1 and float(found[0][1]) < 0.1 * float(found[1][1])
        assert "this may be a copy" in meaning


@pytest.mark.slow  # a page of its own
def test_images_with_transparency_lie_on_a_checkerboard(browser: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    for name, channels in (("clear", 4), ("opaque", 3)):
        network = hf_genimg.DCGANGenerator(image_size=16, image_channels=channels, latent_dim=4, width=4)
        hf_genimg.ImageGenerationPipeline(network).save_pretrained(tmp_path / name)
    demo = hf_genimg.build_demo([tmp_path / "clear", tmp_path / "opaque"])
    _, url, _ = demo.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    page = browser.new_page()
    page.set_default_timeout(45_000)
    try:
        for name, transparent in (("clear", True), ("opaque", False)):
            page.goto(f"{url}?model={name}")
            page.wait_for_function("name => document.querySelector('#model input')?.value === name", arg=name)
            image = page.locator(".whole .thumbnail-item img").first
            image.wait_for()
            page.wait_for_function("each => each.complete && each.naturalWidth", arg=image.element_handle())
            if transparent:  # it is marked right after it is complete
                page.wait_for_function(BOARD, arg=image.element_handle())
            assert image.evaluate(BOARD) == transparent
            image.click()
            large = page.locator(".studio-lightbox > img")
            large.wait_for()
            assert large.evaluate(BOARD) == transparent
    finally:
        page.close()
        demo.close(verbose=False)
