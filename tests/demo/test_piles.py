"""Directions from two piles of images: those of the command, in the page, and saved with the model."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

import hf_genimg
from hf_genimg.demo import labelled, piles
from hf_genimg.demo.models import Shared, Shelf
from hf_genimg.demo.texts import CHINESE
from hf_genimg.evaluation.latent_directions import direction_from_classifier, direction_from_data, find_direction
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


def test_labels_of_a_classifier_find_the_direction_of_the_command(own: Shared, models: list[Path]) -> None:
    """The one of the page and the one of the package, which knows the digits; moved along it, images are that class."""
    shelf = Shelf([own.folder, *(folder for folder in models if folder.name in ("classifier-digits", "infogan"))])
    model, reader = shelf.find("dcgan-digits"), shelf.find("classifier-digits")
    labels = labelled.labels_of(shelf, model)
    assert [each.name for each in labels.values()] == ["classifier-digits", "digits"]
    assert labels["classifier digits"].class_names == list(map(str, range(10)))
    found = labelled.find(shelf, model, "classifier classifier-digits", "0", "1")
    expected = direction_from_classifier(model.pipe, reader.pipe, 0, 1, samples=labelled.MOST)
    assert torch.equal(found.vector, expected.vector) and "0 against 1 by classifier-digits" in found.found

    def zeros(strength: float) -> int:
        images = piles.gallery_of(model, 0, found, strength)
        return sum(names[0] == "0" for names in reader.pipe(images).names)

    assert zeros(3) > zeros(0) >= zeros(-3)
    assert labelled.name_of(model, "0", None) == "0" and labelled.name_of(model, "0", "1") == "1 to 0"
    assert labelled.name_of(model, "slant", None) == "", "which the model has"
    assert not labelled.labels_of(shelf, shelf.find("infogan")), "whose classes are a choice of their own"
    for key, label, against, message in (
        (None, "0", None, "nothing here labels"),
        ("classifier digits", "", None, "there is no class yet"),
        ("classifier digits", "0", "0", "from 0 to 0"),
    ):
        with pytest.raises(ValueError, match=message):
            labelled.find(shelf, model, key, label, against)


def test_labels_of_the_data_find_it_for_an_autoencoder(models: list[Path]) -> None:
    shelf = Shelf([folder for folder in models if folder.name == "vae-digits"])
    model = shelf.find("vae-digits")
    assert list(labelled.labels_of(shelf, model)) == ["data digits", "classifier digits"]
    found = labelled.find(shelf, model, "data digits", "7", None)
    dataset = labelled.data_of_model(model).dataset
    expected = direction_from_data(model.pipe, dataset, "7", samples=labelled.MOST, note="digits")
    assert torch.equal(found.vector, expected.vector) and "(7 of digits)" in found.found


@pytest.mark.slow  # a page of its own, whose model it writes to: half a minute
@pytest.mark.parametrize(("width", "locale"), [(390, "en-US"), (1280, "zh-CN")])
def test_a_direction_is_found_from_labels_in_the_page(
    own: Shared, models: list[Path], visit: Any, seen: Any, width: int, locale: str
) -> None:
    folders = [own.folder, *(each for each in models if each.name == "classifier-digits")]
    shelf = Shelf(folders)
    model = shelf.find("dcgan-digits")
    found = labelled.find(shelf, model, "classifier classifier-digits", "7", None)
    demo = hf_genimg.build_demo(folders, keeps=True)
    _, url, _ = demo.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    try:
        page = visit(url=url, width=width, locale=locale)
        page.wait_for_selector("#images img")
        choose(page, CHINESE["explore"] if locale == "zh-CN" else "Explore")
        page.locator("#piles > button").click()
        page.locator("#labels-to input").click()
        page.get_by_role("option", name="7", exact=True).click()
        page.locator("#labels-find").click()
        shows(page, seen, "#pile-images", piles.gallery_of(model, 0, found, 2.0)[9], 9)
        assert page.locator("#pile-name textarea, #pile-name input").first.input_value() == "7"
        slide(page, "pile-strength", -3)
        shows(page, seen, "#pile-images", piles.gallery_of(model, 0, found, -3.0)[9], 9)
        page.locator("#pile-save").click()
        page.locator("#named-3").filter(has_text="7").wait_for()
        assert torch.equal(hf_genimg.load(own.folder).directions["7"].vector, found.vector)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    finally:
        demo.close(verbose=False)


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
