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
from hf_genimg.demo import uploads
from hf_genimg.demo.about import examples
from hf_genimg.demo.chains import check_others, follow, follow_picture, remade, translators
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


def hand_on(page: Any, model: str, count: int, part: str = "") -> None:
    """Give what is shown to a model, and wait for so many images of it. part: how ids of the other part end."""
    page.locator(f"#then-open{part} button").first.click()
    page.locator(f"#then-models{part} input").click()
    page.get_by_role("option", name=model, exact=True).click()
    page.keyboard.press("Escape")
    page.locator(f"#then-go{part}").click()
    until(lambda: page.locator(f"#then-images{part} img").count() == count)


def test_the_page_gives_images_to_another_model(visit: Any, seen: Any, of: Callable[[str], Shared]) -> None:
    page = visit("gan", width=390)
    page.wait_for_selector("#images img")
    hand_on(page, "translator", 16)
    note = json.loads(seen(page, "#then-images").text["hf_genimg"])
    assert [step["model"] for step in (*note["chain"], note)] == ["gan", "translator"]
    *_, images = follow(of("gan"), "seed=0&count=16", [of("translator")])
    assert seen(page, "#then-images", 3).convert("RGB").tobytes() == images[3].convert("RGB").tobytes()
    with page.expect_download() as download:
        page.locator("#then-zip").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.namelist()[0] == "000-gan-translator-seed-0.png"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_translation_is_handed_on_as_the_model_made_it(of: Callable[[str], Shared]) -> None:
    """Not as it is shown, which is larger."""
    pix2pix, translator = of("pix2pix"), of("pix2pix")
    picture = Image.new("L", (8, 8), 90)
    given = check_others(pix2pix, [translator], None, 1.0)
    _, made = uploads.translated(pix2pix, picture)
    *_, (image,) = follow_picture(made, [translator], given)
    expected = translator.pipe(pix2pix.pipe(uploads.convert_for(pix2pix, picture)).images[0]).images[0]
    assert image.tobytes() == expected.tobytes()
    note = json.loads(image.info["hf_genimg"])
    assert [step["model"] for step in (*note["chain"], note)] == ["pix2pix", "pix2pix"]
    with pytest.raises(ValueError, match="no model is chosen that follows"):
        check_others(pix2pix, [], None, 1.0)
    with pytest.raises(ValueError, match="too many for a page; use a smaller picture, or fewer models"):
        list(follow_picture(Image.new("L", (4096, 4096)), [translator], given))


@pytest.mark.slow  # what it does is tested above
@pytest.mark.parametrize(("width", "locale"), [(390, "zh-CN"), (1280, "en-US")])
def test_the_page_hands_a_translation_to_another_model(
    visit: Any, seen: Any, of: Callable[[str], Shared], width: int, locale: str
) -> None:
    page, model = visit("pix2pix", width=width, locale=locale), of("pix2pix")
    page.locator("#translate-result img").nth(1).wait_for()
    hand_on(page, "pix2pix", 1, "-translation")
    _, made = uploads.translated(model, examples(model)[0])
    *_, (image,) = follow_picture(made, [model], check_others(model, [model], None, 1.0))
    assert seen(page, "#then-images-translation").convert("RGB").tobytes() == image.convert("RGB").tobytes()
    note = json.loads(seen(page, "#then-images-translation").text["hf_genimg"])
    assert [step["model"] for step in (*note["chain"], note)] == ["pix2pix", "pix2pix"]
    with page.expect_download() as download:
        page.locator("#then-zip-translation").click()
    assert zipfile.is_zipfile(download.value.path())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
