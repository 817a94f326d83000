"""What visitors do besides what was meant: they give up, come in a crowd, and upload what is no picture."""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import hf_genimg
from hf_genimg.demo import explore

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
LONG = {"seeds": "1, 2, 3, 4, 5, 6, 7, 8", "steps": 32}


def until(true: Callable[[], bool], seconds: float = 45) -> None:
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit, "it did not come about"
        time.sleep(0.05)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Every image of a walk takes a tenth of a second; a list of how many images each walk has made so far."""
    counts: list[int] = []

    def walk_between(model: Any, seeds: list[int], steps: int, found: Any = None) -> Iterator[list[Image.Image]]:
        counts.append(0)
        mine = len(counts) - 1
        images: list[Image.Image] = []
        for _ in range((len(seeds) - 1 + (found is not None)) * (steps - 1) + 1):  # tests before have found one
            time.sleep(0.1)
            counts[mine] += 1
            images.append(Image.new("L", (16, 16), counts[mine]))
            yield list(images)

    monkeypatch.setattr(explore, "walk_between", walk_between)
    return counts


@pytest.mark.slow  # half a minute of a page that is slowed down
def test_stop_frees_the_worker(visit: Any, client: Any, slow: list[int]) -> None:
    """Two walks of 22 seconds take both places; one is stopped in the page, and a third walk gets its place at once."""
    other = client.submit(model="gan", api_name="/walk", **LONG)
    page = visit("gan")
    page.get_by_role("tab", name="Explore", exact=True).click()
    page.get_by_label("Walk between seeds").filter(visible=True).fill(LONG["seeds"])
    page.locator("#walk").click()
    until(lambda: len(slow) == 2 and min(slow) > 2)
    page.get_by_role("button", name="Stop").filter(visible=True).click()
    began = time.monotonic()
    assert client.predict(model="gan", seeds="1, 2", steps=2, api_name="/walk")
    assert time.monotonic() - began < 8
    before = list(slow)
    other.cancel()
    time.sleep(0.5)
    assert slow[1] == before[1] < 60 or slow[0] == before[0] < 60
    until(lambda: (counts := list(slow), time.sleep(0.4)) and list(slow) == counts)


def test_a_visitor_who_finds_the_queue_full_is_refused(
    models: list[Path], slow: list[int], tmp_path: Path, monkeypatch: Any
) -> None:
    from gradio_client import Client

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    demo = hf_genimg.build_demo(models[:1])
    demo.queue(max_size=1)
    _, url, _ = demo.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    try:
        program = Client(url, verbose=False)
        jobs = [program.submit(seeds="1, 2", steps=8, api_name="/walk") for _ in range(6)]
        errors = [error for job in jobs if (error := job.exception(timeout=30))]
        assert 0 < len(errors) < 6
        assert all("Queue is full" in str(error) for error in errors), errors
    finally:
        demo.close(verbose=False)


def _bomb(path: Path) -> Path:
    """A PNG of 50,000 x 50,000 pixels in a few kilobytes."""
    import struct

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 1, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(10_000))) + chunk(b"IEND", b"")
    )
    return path


def test_what_is_no_picture_is_one_message_in_the_page(visit: Any, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    Image.new("1", (10_000, 10_000)).save(tmp_path / "huge.png")
    page = visit("classifier-digits")
    page.locator("#classify-result").get_by_text("%").first.wait_for()
    for file in (tmp_path / "broken.png", tmp_path / "huge.png", _bomb(tmp_path / "bomb.png")):
        page.locator("#classify-picture input[type=file]").set_input_files(file)
        page.locator(".toast-body").get_by_text(re.compile("give a JPEG, PNG, GIF, .* of at most 12 MB")).wait_for()
        assert page.locator(".toast-body").count() == 1
        page.locator(".toast-close").click()
        page.locator(".toast-body").wait_for(state="detached")


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("vae-digits", "pix2pix", "classifier-digits")]


@pytest.mark.parametrize("name", ["gan", *SLOW])
def test_every_picture_has_a_name(visit: Any, name: str) -> None:
    """An alternative text, or that of the button or region that it is in."""
    page = visit(name)
    page.locator("img").filter(visible=True).first.wait_for()
    page.wait_for_timeout(700)
    nameless = """() => [...document.querySelectorAll('img')]
      .filter((image) => image.checkVisibility() && !image.alt.trim() && !image.closest('[aria-label]'))
      .map((image) => image.closest('[id]').id)"""
    for tab in [tab for tab in page.get_by_role("tab").all() if tab.is_visible()]:
        tab.click()
        page.wait_for_timeout(700)
        assert not page.evaluate(nameless), tab.inner_text()


@pytest.mark.slow  # a key at a time, to the button
def test_generate_by_keys_alone(visit: Any) -> None:
    """Every control is reached by Tab and seen to be; Space rolls the dice, arrows move the slider, a seed is typed,
    Enter generates.
    """
    page = visit("gan")
    page.wait_for_selector("#images img")
    focus = """() => { const it = document.activeElement;
      const style = getComputedStyle(it), around = getComputedStyle(it.parentElement);
      const label = it.getAttribute('aria-label') || it.closest('label')?.textContent || it.textContent;
      return [it.closest('#mix') ? 'mix' : it.id, label, it.type,
              [style.outline, style.boxShadow, style.borderColor, around.boxShadow, around.borderColor].join(' ')]; }"""
    first = "() => document.querySelector('#images img').src"
    at_rest = page.evaluate(focus.replace("document.activeElement", "document.querySelector('#dice')"))[3]

    def tab_to(name: str, key: str = "Tab") -> str:
        for _ in range(80):
            page.keyboard.press(key)
            id, label, kind, style = page.evaluate(focus)
            if name in (id, label.strip(), f"{id or label.strip()} {kind}"):
                return style
        raise AssertionError(f"{name} is not reached")

    def changed(act: Callable[[], None]) -> None:
        before = page.evaluate(first)
        act()
        page.wait_for_function(f"before => ({first})() !== before", arg=before)

    assert tab_to("dice") != at_rest
    changed(lambda: page.keyboard.press("Space"))
    page.wait_for_timeout(500)  # until the seed that was rolled is in its field
    tab_to("Seed number", "Shift+Tab")
    page.keyboard.press("Control+A")
    changed(lambda: (page.keyboard.type("12345"), page.keyboard.press("Enter")))
    tab_to("Generate")
    page.keyboard.press("Enter")
    tab_to("mix range")
    changed(lambda: page.keyboard.press("ArrowRight"))
