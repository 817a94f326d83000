"""How tests of the page wait, look and act."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest
from PIL import Image

FAULTS = """async () => (await axe.run(document, { resultTypes: ['violations'] })).violations.flatMap((rule) =>
  rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 160)}`))"""


def until(true: Callable[[], bool], seconds: float = 45) -> None:
    """Wait for it; fail when it does not come about."""
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit, "it did not come about"
        time.sleep(0.05)


def address_of(page: Any) -> str:
    """As it is now: `page.url` is what playwright was told last, which it hears of only while it is asked something."""
    return page.evaluate("location.href")


def same(one: Image.Image, other: Image.Image) -> bool:
    """As pixels, to one grey level."""
    if one.size != other.size:
        return False
    return max(abs(a - b) for a, b in zip(one.convert("L").tobytes(), other.convert("L").tobytes(), strict=True)) <= 1


def shows(page: Any, seen: Any, place: str, image: Image.Image, number: int = 0) -> None:
    """Wait until this picture is there."""
    until(lambda: page.locator(f"{place} img").count() > number and same(seen(page, place, number), image))


def choose(page: Any, name: str) -> None:
    """Open a tab, by the menu of those that a phone has no room for where it is in it."""
    tab = page.get_by_role("tab", name=name, exact=True).filter(visible=True)
    if tab.count() == 0 and (menu := page.get_by_role("button", name="More tabs").filter(visible=True)).count():
        menu.click()
        tab = page.locator(".overflow-dropdown button").get_by_text(name, exact=True)
    tab.click()


def choose_image(page: Any, number: int) -> None:
    """Click on an image of the Generate tab, and close it again where it is shown large."""
    page.locator("#images button:has(img)").nth(number).click()
    page.locator(".studio-lightbox").wait_for()
    page.keyboard.press("Escape")


def slide(page: Any, id: str, value: float) -> None:
    page.locator(f"#{id} input[type=range]").fill(str(value))


def choose_model(page: Any, name: str) -> None:
    """As a visitor does, until the page has taken it."""
    page.locator("#model input").click()
    page.get_by_role("option", name=name, exact=True).click()
    page.wait_for_function("name => new URLSearchParams(location.search).get('model') === name", arg=name)


def listed_tabs(page: Any) -> list[str]:
    """Names of the tabs that are there."""
    return [tab.inner_text() for tab in page.get_by_role("tab").all() if tab.is_visible()]


def faults(page: Any) -> list[str]:
    """What axe-core finds in what is shown."""
    pytest.importorskip("axe_playwright_python")
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text())
    return page.evaluate(FAULTS)
