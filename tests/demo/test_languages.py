"""The page in English and in Chinese: every sentence in both, and none in English alone for who reads Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

import hf_genimg
from hf_genimg.demo import refusals
from hf_genimg.demo.texts import CHINESE, ENGLISH, LANGUAGE, TEXTS, say

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
TABS = Path(hf_genimg.__file__).parent / "demo" / "tabs"
HAN = re.compile(r"[\u4e00-\u9fff]")
WORDS = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")  # two words: a sentence in English, not a name
SAME = {"gif", "mp4", "refused", "comma", "state_running"}  # mostly names
# Text that is shown and can be read. Left out: what others wrote or what is the same everywhere (card, code, scores'
# names and protocol).
SHOWN = """() => {
  const found = [], page = document.querySelector('.gradio-container');
  const walker = document.createTreeWalker(page, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
    if (!text || parent.closest('code, td, style, script, footer, #model') || text.startsWith('测量协议')) continue;
    if (parent.checkVisibility({ visibilityProperty: true })) found.push(text);
  }
  for (const image of document.querySelectorAll('img[alt]')) if (image.checkVisibility()) found.push(image.alt);
  return found;
}"""


@pytest.fixture
def chinese() -> Iterator[None]:
    token = LANGUAGE.set("zh-cn,zh;q=0.9")
    yield
    LANGUAGE.reset(token)


def test_every_text_is_there_in_both_with_the_same_gaps() -> None:
    for key, (english, other) in TEXTS.items():
        assert (english and HAN.search(other)) or key in SAME, key
        assert {name for _, name, *_ in Formatter().parse(english) if name} == {
            name for _, name, *_ in Formatter().parse(other) if name
        }, key


def test_no_tab_has_a_text_of_its_own() -> None:
    """Labels, notes and alternative texts are all from `texts`."""
    literal = re.compile(
        r"""(?<![-\w])(?:label|info|placeholder|alt_text|title)=f?["'](?=[^"']*[A-Za-z])|\b(?:Markdown|Tab|Button|Accordion)\(f?["']"""
    )
    found = [
        f"{file.name}: {line.strip()}"
        for file in TABS.glob("*.py")
        for line in file.read_text().splitlines()
        if literal.search(line)
    ]
    assert not found


def test_refusals_are_in_chinese_for_who_reads_it(chinese: None, tmp_path: Path) -> None:
    from hf_genimg.demo import explore, uploads
    from hf_genimg.demo.models import Shelf

    (tmp_path / "broken.png").write_bytes(b"nothing")
    for wrong in (
        lambda: uploads.read_upload(tmp_path / "broken.png"),
        lambda: uploads.read_upload(tmp_path / "gone.png"),
        lambda: explore.seeds_of("3"),
        lambda: Shelf(any_model=True).find("not an id"),
        lambda: explore.gif([], tmp_path),
    ):
        with pytest.raises(ValueError) as error:
            wrong()
        message = refusals.in_words(" ".join(str(error.value).split()))
        assert HAN.search(message) and not message.startswith("无法完成"), message
    assert refusals.in_words("something new") == "无法完成：something new"
    assert say("no_answers") == "还没有回答。"


def test_refusals_are_as_they_were_for_who_reads_english() -> None:
    assert refusals.in_words("give the picture as a file") == "give the picture as a file"


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("vae-digits", "pix2pix", "classifier-digits")]


@pytest.mark.parametrize("name", ["dcgan-digits", *SLOW])
def test_who_reads_chinese_is_shown_no_english(visit: Any, name: str) -> None:
    page = visit(name, locale="zh-CN")
    page.get_by_text(CHINESE["fakes"]).wait_for()
    tabs = [tab for tab in page.get_by_role("tab").all() if tab.is_visible()]
    assert len(tabs) > 1
    for tab in tabs:
        tab.click()
        if tab.inner_text() == CHINESE["about"]:
            page.get_by_text("不得用于").filter(visible=True).wait_for()
        page.wait_for_timeout(600)
        shown = page.evaluate(SHOWN)
        assert not [text for text in shown if WORDS.search(text) and not HAN.search(text)], tab.inner_text()
        assert not [text for text in shown if text in ENGLISH.values() and text not in CHINESE.values()], (
            tab.inner_text()
        )


# What is read out, and what is shown where the mouse rests: not of the model chooser, whose names are names.
READ_OUT = """() => [...document.querySelectorAll('[aria-label], [title]')]
  .filter((each) => each.checkVisibility({ visibilityProperty: true }) && !each.closest('#model'))
  .map((each) => each.getAttribute('aria-label') || each.title)"""


def test_labels_of_gradios_image_editor_are_chinese(visit: Any) -> None:
    page = visit("classifier-digits", locale="zh-CN")
    page.locator("#classify-result").get_by_text("%").first.wait_for()
    page.locator("#classify-picture-pad-open > button").click()
    page.wait_for_selector("#classify-picture-pad canvas")
    page.locator("#classify-picture-pad [aria-label=画笔]").first.wait_for()
    page.wait_for_timeout(500)
    labels = page.evaluate(READ_OUT)
    assert {"画笔", "橡皮", "放大"} <= set(labels)
    assert not [text for text in labels if re.search("[A-Za-z]{3}", text) and not HAN.search(text)]


def test_a_refusal_in_the_page_is_chinese(visit: Any, tmp_path: Path) -> None:
    page = visit("classifier-digits", locale="zh-CN")
    page.locator("#classify-result").get_by_text("%").first.wait_for()
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    page.locator("#classify-picture input[type=file]").set_input_files(tmp_path / "broken.png")
    page.locator(".toast-body").get_by_text("3000 万像素").wait_for()
    assert page.locator(".toast-body").count() == 1
