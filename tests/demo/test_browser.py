"""The page as people use it, in a real browser, where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import hf_genimg

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no chromium"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    sync = pytest.importorskip("playwright.sync_api")
    torch.manual_seed(0)
    patch = pytest.MonkeyPatch()
    patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
    gan = hf_genimg.ImageGenerationPipeline(hf_genimg.MLPGANGenerator(image_size=16, latent_dim=8, width=16))
    demo = hf_genimg.build_demo(gan)
    _, address, _ = demo.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    elsewhere: list[str] = []
    with sync.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 390, "height": 844})
        opened.on("request", lambda request: None if request.url.startswith((address, "data:", "blob:")) else elsewhere.append(request.url))
        opened.goto(address)
        opened.wait_for_selector("#images img")
        yield opened
        browser.close()
    demo.close(verbose=False)
    patch.undo()
    assert not elsewhere


def test_a_moved_slider_changes_the_picture_and_the_address(page: object) -> None:
    before = page.locator("#images img").first.get_attribute("src")
    page.get_by_role("slider", name="range slider for Morph").fill("0.5")
    page.wait_for_function("before => document.querySelector('#images img').src !== before", arg=before)
    page.wait_for_function("() => location.search.includes('mix=0.5')")


def test_each_tab_is_listed_once_whichever_is_chosen(page: object) -> None:
    def listed() -> list[str]:
        return [tab.inner_text() for tab in page.get_by_role("tab").all() if tab.is_visible()]

    assert listed() == ["Generate", "Explore", "About"]
    for name in ("Explore", "About", "Generate"):
        page.get_by_role("tab", name=name).click()
        assert page.get_by_role("tab", name=name, selected=True).count() == 1
        assert listed() == ["Generate", "Explore", "About"]


def test_nothing_is_wider_than_a_phone(page: object) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
