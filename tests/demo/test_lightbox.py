"""Images open large by a click, by keys and without losing what a click chose; a double click where a click chooses."""

from __future__ import annotations

from typing import Any

import pytest

from .looking import until

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
CHOSEN = """() => [...document.querySelectorAll('#images .thumbnail-item')]
  .findIndex((each) => each.classList.contains('selected'))"""


def test_a_click_opens_an_image_and_keys_go_on(visit: Any) -> None:
    page = visit("dcgan-digits")
    thumbnails = page.locator("#images button:has(img)")
    thumbnails.nth(15).wait_for()
    thumbnails.nth(2).click()
    box, large = page.locator(".studio-lightbox"), page.locator(".studio-lightbox > img")
    box.wait_for()
    shown = "(box) => [box.src, Math.min(box.clientWidth, box.clientHeight)]"
    src, side = large.evaluate(shown)
    assert src == thumbnails.nth(2).locator("img").evaluate("image => image.src") and side > 500
    page.keyboard.press("ArrowRight")
    until(lambda: page.evaluate(CHOSEN) == 3)
    assert large.evaluate("image => image.src") == thumbnails.nth(3).locator("img").evaluate("image => image.src")
    assert "4 / 16" in box.inner_text()
    page.keyboard.press("Escape")
    until(lambda: not box.is_visible())
    assert page.evaluate(CHOSEN) == 3
    thumbnails.nth(0).press("Enter")  # without a mouse
    box.get_by_role("button", name="More like the chosen one").click()
    until(lambda: not box.is_visible() and page.get_by_text("Images like the first one").is_visible())


def test_where_a_click_chooses_a_double_click_opens(visit: Any) -> None:
    page = visit("classifier-digits", width=390, has_touch=True)
    examples = page.locator(".studio-examples button:has(img)").filter(visible=True)
    examples.nth(1).click()
    until(lambda: page.locator("#classify-result h2").inner_text() == "1")
    assert not page.locator(".studio-lightbox").is_visible()
    examples.nth(2).dblclick()
    page.locator(".studio-lightbox").wait_for()
    page.get_by_role("button", name="Close").click()
    until(lambda: not page.locator(".studio-lightbox").is_visible())
    page.locator("#classify-seen img").click()
    page.locator(".studio-lightbox").wait_for()
    assert page.locator(".studio-lightbox").bounding_box()["width"] <= 390


def test_a_sentence_is_read_where_nothing_is_shown_yet(visit: Any) -> None:
    page = visit("vae")
    page.get_by_text("Nothing here yet: open a picture").filter(visible=True).wait_for()
    assert not page.locator("#reconstruct-result").is_visible()
