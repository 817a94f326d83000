"""The page as people use it, in a real browser, where there is one: a GAN of its own, on a phone."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
TABS = ["Generate", "Explore", "Look closer", "Compare", "Evaluate", "Real or fake?", "About"]


@pytest.fixture
def page(visit: Any) -> Any:
    return arrived(visit("gan", width=390))


def arrived(page: Any) -> Any:
    page.wait_for_selector("#images img")
    return page


def test_a_moved_slider_changes_the_picture_and_the_address(page: Any) -> None:
    before = page.locator("#images img").first.get_attribute("src")
    page.locator("#mix input[type=range]").fill("0.5")
    page.wait_for_function("before => document.querySelector('#images img').src !== before", arg=before)
    assert (
        page.locator("#images img").first.get_attribute("src").startswith("data:image/png;base64,")
    )  # no file, and nothing fetched
    page.wait_for_function("() => location.search.includes('mix=0.5')")


def test_each_tab_is_listed_once_whichever_is_chosen(visit: Any) -> None:
    page = arrived(visit("gan"))

    def listed() -> list[str]:
        return [tab.inner_text() for tab in page.get_by_role("tab").all() if tab.is_visible()]

    assert listed() == TABS
    for name in ("Explore", "About", "Generate"):
        page.get_by_role("tab", name=name, exact=True).click()
        assert page.get_by_role("tab", name=name, exact=True, selected=True).count() == 1
        assert listed() == TABS


def test_nothing_is_wider_than_a_phone(page: Any) -> None:
    for name in ("Explore", "About"):
        if page.get_by_role("tab", name=name, exact=True).count() == 0:
            page.get_by_role("button", name="More tabs").click()
            page.locator(".overflow-dropdown button", has_text=name).click()
        else:
            page.get_by_role("tab", name=name, exact=True).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
