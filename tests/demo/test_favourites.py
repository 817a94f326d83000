"""Favourites of all models: bounded, read with care, and made again for files and links."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from PIL import Image

from hf_genimg.demo import explore, favourites
from hf_genimg.demo.handlers import save_all
from hf_genimg.demo.models import Shelf

from .looking import choose_model, same, slide, until

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")


@pytest.fixture(scope="module")
def shelf(models: list[Path]) -> Shelf:
    return Shelf([folder for folder in models if folder.name in ("gan", "dcgan-digits")])


@pytest.fixture
def kept(shelf: Shelf) -> list[dict[str, Any]]:
    """Of two models, and an edit."""
    kept = favourites.keep(None, shelf.find("gan"), "seed=3&count=4", 2)
    kept = favourites.keep(kept, shelf.find("dcgan-digits"), "seed=9", 0)
    return favourites.keep(kept, shelf.find("gan"), favourites.edit_query(7, "pca", [1.5, 0, 0, 0, 0, 0]), 0)


def test_they_are_made_again_with_their_provenance(kept: Any, shelf: Shelf, tmp_path: Path) -> None:
    images = favourites.images_of(kept, shelf)
    gan, dcgan = shelf.find("gan"), shelf.find("dcgan-digits")
    assert same(images[0], gan.pipe(seed=5).images[0]) and same(images[1], dcgan.pipe(seed=9).images[0])
    assert same(images[2], explore.along(gan, 7, [1.5, 0, 0, 0, 0, 0]))
    with zipfile.ZipFile(save_all(images, tmp_path)) as archive:
        assert archive.namelist() == ["000-gan-seed-5.png", "001-dcgan-digits-seed-9.png", "002-gan-seed-7.png"]
        with Image.open(archive.open("001-dcgan-digits-seed-9.png")) as image:
            assert json.loads(image.text["hf_genimg"])["seed"] == 9 and image.text["Source"] == "AI-generated"
    with Image.open(favourites.contact_sheet(images, tmp_path)) as sheet:
        notes = json.loads(sheet.text["hf_genimg"])["contact_sheet"]
        assert sheet.width > 2 * favourites.CELL and [note["seed"] for note in notes] == [5, 9, 7]


def test_a_link_brings_them_back(kept: Any, shelf: Shelf) -> None:
    text = parse_qs(favourites.link(kept, shelf))["kept"][0]
    assert favourites.of_link(text, None, shelf) == kept == favourites.of_link(text, kept, shelf)
    assert len(favourites.link(kept * 8, shelf)) < 4000
    for wrong in ("", "[", "7", "[7]", '[["gan"]]', '[["gan","0","seed=1"]]', '[["nobody",0,"seed=1"]]', "[" * 9999):
        assert favourites.of_link(wrong, kept, shelf) == kept
    assert favourites.of_link('[["gan",0,"seed=1&amounts=99"],["gan",0,"amounts=x"]]', kept, shelf) == kept


def test_the_list_is_bounded_and_what_a_browser_made_up_is_left_out(kept: Any, shelf: Shelf) -> None:
    gan = shelf.find("gan")
    assert favourites.keep(kept, gan, "seed=3&count=4", 2) == kept, "once"
    full = [{**kept[0], "number": number} for number in range(favourites.MOST)]
    with pytest.raises(ValueError, match="there are 24 favourites already; remove one first"):
        favourites.keep(full, gan, "seed=99", 0)
    wrong = [7, {}, {**kept[0], "number": "0"}, {**kept[0], "picture": "none"}, {**kept[0], "query": "a" * 2000}]
    elsewhere = {**kept[0], "model": "of another page"}
    assert favourites.here([*wrong, elsewhere, *kept], shelf) == kept
    assert favourites.without([elsewhere, *kept], shelf, 1) == [elsewhere, kept[0], kept[2]], "and nothing else goes"
    for number in (None, 3):
        with pytest.raises(ValueError, match="none is chosen"):
            favourites.without(kept, shelf, number)
    with pytest.raises(ValueError, match="there are no favourites yet"):
        favourites.link([], shelf)


@pytest.mark.slow  # two visits: half a minute; what they do is tested above
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_keeps_images_of_two_models(visit: Any, seen: Any, width: int) -> None:
    """And a link shows them to somebody else."""
    page = visit("gan", width=width)
    page.wait_for_selector("#images img")
    page.locator("#keep").click()
    until(lambda: page.locator("#kept img").count() == 1)
    choose_model(page, "dcgan-digits")
    page.get_by_role("tab", name="Explore", exact=True).filter(visible=True).click()
    page.wait_for_selector("#direction-image img")
    slide(page, "direction-1", 2)
    page.locator("#keep-edit").click()
    until(lambda: page.locator("#kept img").count() == 2)
    with page.expect_download() as download:
        page.locator("#kept-contact_sheet").click()
    with Image.open(download.value.path()) as sheet:
        notes = json.loads(sheet.text["hf_genimg"])["contact_sheet"]
    assert [note["model"] for note in notes] == ["gan", "dcgan-digits"] and notes[1]["amounts"][0] == 2
    page.locator("#kept-kept_link").click()
    address = page.locator("#kept-address textarea, #kept-address input")
    until(lambda: "kept=" in address.input_value())
    other = visit(url=address.input_value(), width=width)
    until(lambda: other.locator("#kept img").count() == 2)
    assert same(seen(other, "#kept", 1), seen(page, "#kept", 1))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#kept button.thumbnail-item, #kept .thumbnail-item").first.click()
    page.locator("#kept-remove").click()
    until(lambda: page.locator("#kept img").count() == 1)
    page.reload()
    page.get_by_role("button", name="Favourites of all models").click()
    until(lambda: page.locator("#kept img").count() == 1)
