"""Directions from two piles of images: those of the command, in the page, and saved with the model."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

import hf_genimg
from hf_genimg.demo import piles
from hf_genimg.demo.models import Shared
from hf_genimg.evaluation.latent_directions import find_direction
from hf_genimg.pipelines.named_directions import dimensions, read_directions

from .looking import choose, shows, slide

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
CARDS = Path(__file__).parents[2] / "model_cards"


@pytest.fixture
def own(tmp_path: Path) -> Shared:
    """A model of one's own, which is written to."""
    folder = tmp_path / "dcgan-digits"
    shutil.copytree(CARDS / "dcgan-digits", folder)
    return Shared("dcgan-digits", hf_genimg.load(folder), folder)


def test_the_direction_is_that_of_the_seeds(own: Shared) -> None:
    found = piles.find(own, [1, 2, 3], [4, 5])
    latents = [
        torch.cat([own.pipe.network.sample_latents(1, torch.Generator().manual_seed(seed)) for seed in seeds])
        for seeds in ((1, 2, 3), (4, 5))
    ]
    assert torch.allclose(found.vector, find_direction(own.pipe, *latents).vector)
    images = piles.gallery_of(own, 10, found, 2.0)
    moved = latents_of(own, 10) + 2 * found.vector
    assert images[0].tobytes() == own.pipe(latents=moved).images[0].tobytes()


def latents_of(model: Shared, seed: int) -> torch.Tensor:
    return model.pipe.network.sample_latents(1, torch.Generator().manual_seed(seed))


def test_piles_take_an_image_once(own: Shared) -> None:
    assert piles.put([1], [2], 3) == ([1, 3], [2])
    assert piles.put([1], [2], 2) == ([1, 2], [])
    assert piles.put([1, 2], [], 1) == ([2], [])
    for pair, message in ((([], [1]), "pile A is empty"), (([1], []), "pile B is empty"), (([1], [1]), "same latents")):
        with pytest.raises(ValueError, match=message):
            piles.find(own, *pair)


def test_it_is_saved_once_and_only_where_that_is_allowed(own: Shared, tmp_path: Path) -> None:
    found, before = piles.find(own, [1, 2], [3, 4]), list(own.pipe.directions)
    with pytest.raises(ValueError, match="keeps no directions"):
        piles.save(own, "mine", found, keeps=False)
    with pytest.raises(ValueError, match="has a direction 'slant' already"):
        piles.save(own, before[0], found, keeps=True)
    with pytest.raises(ValueError, match="cannot be the name"):
        piles.save(own, "a=b", found, keeps=True)
    piles.save(own, "mine", found, keeps=True)
    again = hf_genimg.load(own.folder)
    assert list(again.directions) == [*before, "mine"]
    assert torch.equal(again.directions["mine"].vector, found.vector)
    alone = piles.as_file("mine", found, tmp_path)
    assert list(read_directions(alone, dimensions(own.pipe.network))) == ["mine"]


@pytest.mark.slow  # clicks and two downloads of a whole gallery
def test_a_direction_is_made_in_the_page(own: Shared, visit: Any, seen: Any) -> None:
    demo = hf_genimg.build_demo(own.folder, keeps=True)
    _, url, _ = demo.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    try:
        page = visit(url=url)
        page.wait_for_selector("#images img")
        choose(page, "Explore")
        page.locator("#piles > button").click()
        page.locator("#pile-images img").nth(23).wait_for()
        for number in (1, 2):
            page.locator("#pile-images button:has(img)").nth(number).click()
            page.locator("#pile-a img").nth(number - 1).wait_for()
        page.locator("#pile-side label").nth(1).click()
        page.locator("#pile-images button:has(img)").nth(3).click()
        page.locator("#pile-b img").wait_for()
        page.locator("#pile-find").click()
        found = piles.find(own, [1, 2], [3])
        shows(page, seen, "#pile-images", piles.gallery_of(own, 0, found, 2.0)[9], 9)
        slide(page, "pile-strength", -1)
        shows(page, seen, "#pile-images", piles.gallery_of(own, 0, found, -1.0)[9], 9)
        page.locator("#pile-name textarea, #pile-name input").first.fill("mine")
        page.locator("#pile-save").click()
        page.get_by_text("is saved with").wait_for()
        assert page.locator("#named-3").inner_text().startswith("mine")
        assert "mine" in hf_genimg.load(own.folder).directions
    finally:
        demo.close(verbose=False)
