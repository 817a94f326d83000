"""Generated images given to other models of the page: what a chain makes of them, and how it is asked for."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import hf_genimg
from hf_genimg.demo.chains import follow, remade, translators
from hf_genimg.demo.handlers import save_all
from hf_genimg.demo.models import Shared, Shelf

from .looking import until

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
QUERY = "model=gan&seed=5&count=3"


def test_images_are_those_of_a_chain_and_name_all_models(of: Callable[[str], Shared], tmp_path: Path) -> None:
    gan, translator = of("gan"), of("translator")
    *_, images = follow(gan, QUERY, [translator, translator])
    expected = hf_genimg.chain(gan.pipe, translator.pipe, translator.pipe)(3, seed=5).images
    assert [image.tobytes() for image in images] == [image.tobytes() for image in expected]
    with zipfile.ZipFile(save_all(images, tmp_path)) as archive:
        assert archive.namelist()[1] == "001-gan-translator-translator-seed-6.png"
        with Image.open(archive.open("001-gan-translator-translator-seed-6.png")) as image:
            note = json.loads(image.text["hf_genimg"])
    assert [step["model"] for step in (*note["chain"], note)] == ["gan", "translator", "translator"]
    assert note["chain"][0]["seed"] == 6


def test_what_cannot_follow_is_one_line(of: Callable[[str], Shared], models: list[Path]) -> None:
    gan, translator = of("gan"), of("translator")
    for others, query, message in (
        ([], QUERY, "no model is chosen that follows"),
        ([translator] * 5, QUERY, "choose at most 4"),
        ([gan], QUERY, "gan is for generation, and only translation can follow gan"),
        ([translator], "", "there is no image yet"),
    ):
        with pytest.raises(ValueError, match=message):
            list(follow(gan, query, others))
    assert translators(Shelf(models[:4])) == ["translator"] and not translators(Shelf(models[:1]))
    assert len(remade(gan, QUERY)) == 3


def test_the_page_gives_images_to_another_model(visit: Any, seen: Any, of: Callable[[str], Shared]) -> None:
    page = visit("gan", width=390)
    page.wait_for_selector("#images img")
    page.locator("#then-open button").first.click()
    page.locator("#then-models input").click()
    page.get_by_role("option", name="translator", exact=True).click()
    page.keyboard.press("Escape")
    page.locator("#then-go").click()
    until(lambda: page.locator("#then-images img").count() == 16)
    note = json.loads(seen(page, "#then-images").text["hf_genimg"])
    assert [step["model"] for step in (*note["chain"], note)] == ["gan", "translator"]
    *_, images = follow(of("gan"), "seed=0&count=16", [of("translator")])
    assert seen(page, "#then-images", 3).convert("RGB").tobytes() == images[3].convert("RGB").tobytes()
    with page.expect_download() as download:
        page.locator("#then-zip").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.namelist()[0] == "000-gan-translator-seed-0.png"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
