"""The Generate tab in a browser: what was made before, mixed classes, and codes that are found."""

from __future__ import annotations

from typing import Any

import pytest

from .looking import choose_image

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")


def opened(visit: Any, model: str, **settings: Any) -> Any:
    page = visit(model, **settings)
    page.wait_for_selector("#images img")
    page.wait_for_timeout(500)  # what the address asks for has come by then
    return page


def first(page: Any, then: Any) -> str:
    """What the first image is after `then()` has changed it."""
    before = page.locator("#images img").first.get_attribute("src")
    then()
    page.wait_for_function("before => document.querySelector('#images img')?.src !== before", arg=before)
    return page.locator("#images img").first.get_attribute("src")


@pytest.mark.slow  # two visitors, half a minute
def test_the_history_brings_settings_and_pictures_back_and_is_the_visitors_own(visit: Any, seen: Any) -> None:
    page = opened(visit, "infogan")
    assert page.locator("#history img").count() == 0
    page.locator("#code-1 input[type=range]").fill("0.5")
    page.wait_for_function("() => location.search.includes('codes=0.5')")
    made, addresses = [], []
    for number in (1, 2):
        page.locator("#dice").click()
        page.wait_for_function("number => document.querySelectorAll('#history img').length === number", arg=number)
        page.wait_for_function("() => location.search.includes('codes=0.5')")
        made.append(seen(page, "#images").tobytes())
        addresses.append(page.url)
    page.locator("#own-codes").click()
    page.wait_for_function("() => !location.search.includes('codes')")
    page.wait_for_function("() => document.querySelectorAll('#history img').length === 3")
    page.locator("#history button:has(img)").nth(2).click()
    page.wait_for_function("address => location.href === address", arg=addresses[0])
    assert seen(page, "#images").tobytes() == made[0] != made[1]
    assert page.locator("#code-1 input[type=number]").input_value() == "0.5"
    page.reload()
    page.wait_for_function("() => document.querySelectorAll('#history img').length === 3")
    assert opened(visit, "infogan").locator("#history img").count() == 0


def test_a_mixture_moves_from_one_class_to_the_other(visit: Any, seen: Any) -> None:
    page = opened(visit, "infogan")

    def choose(place: str, name: str) -> None:
        page.locator(f"{place} input").click()
        page.get_by_role("option", name=name, exact=True).click()

    def there(condition: str) -> bytes:
        page.wait_for_function(f"() => {condition}")
        return seen(page, "#images").tobytes()

    choose("#label", "1")
    one = there("location.search.includes('&label=1')")
    choose("#other-label", "2")
    half = there("location.search.includes('other_label=2&label_mix=0.5')")
    page.locator("#label-mix input[type=range]").fill("1")
    whole = there("location.search.includes('label_mix=1')")
    page.locator("#label-mix input[type=range]").fill("0")
    none = there("!location.search.includes('label_mix')")
    assert none == one and len({one, half, whole}) == 3


def test_a_model_without_classes_or_codes_shows_none_of_it(visit: Any) -> None:
    page = opened(visit, "gan")
    for place in ("#label", "#other-label", "#label-mix", "#code-1", "#own-codes"):
        assert page.locator(place).count() == 0 or not page.locator(place).is_visible()


def test_the_same_seed_downloaded_twice_is_the_same_file(visit: Any, tmp_path: Any) -> None:
    import zipfile

    page = opened(visit, "gan")

    def saved(button: str) -> bytes:
        with page.expect_download() as download:
            page.locator(button).click()
        download.value.save_as(tmp_path / "file")
        return (tmp_path / "file").read_bytes()

    choose_image(page, 3)
    page.wait_for_timeout(300)
    one = saved("#as-png")
    first(page, lambda: page.locator("#mix input[type=range]").fill("0.5"))
    first(page, lambda: page.locator("#mix input[type=range]").fill("0"))
    again = saved("#as-png")
    assert one == again and b"AI-generated" in one
    archives = [saved("#as-zip") for _ in range(2)]
    (tmp_path / "all.zip").write_bytes(archives[0])
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.namelist() == [f"{i:03d}-gan-seed-{i}.png" for i in range(16)]
        assert archive.read("003-gan-seed-3.png") == one


def test_a_phone_shows_every_image(visit: Any) -> None:
    page = opened(visit, "gan", width=390)
    boxes = [image.bounding_box() for image in page.locator("#images img").all()]
    assert len(boxes) == 16 and all(box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)
    assert len({(round(box["x"]), round(box["y"])) for box in boxes}) == 16 and all(box["width"] > 60 for box in boxes)
