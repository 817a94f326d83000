"""What is looked at stays in view on a phone, what is read has contrast, and axe finds no fault."""

from __future__ import annotations

from typing import Any

import pytest

from .looking import choose, faults, listed_tabs

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
# Ratio of luminances of each text and what lies behind it, as WCAG 2.2 has it (1.4.3): at least 4.5, of large text 3.
FAINT = """() => {
  const parse = (colour) => (colour.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const mix = (one, other, share) => one * share + other * (1 - share);
  const over = (top, below) => top.slice(0, 3).map((level, i) => mix(level, below[i], top[3] ?? 1));
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((x) => (x / 255 <= 0.04045 ? x / 255 / 12.92 : ((x / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [], seen = new Set();
  const walker = document.createTreeWalker(document.querySelector('.gradio-container'), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
    if (!/[\\p{L}\\p{N}]/u.test(text)) continue; // an arrow that opens and closes
    if (seen.has(element) || !element.checkVisibility({ visibilityProperty: true })) continue;
    if (element.closest('footer, :disabled, style, script, .caption-label')) continue;
    seen.add(element);
    const chain = [];
    let opacity = 1;
    for (let each = element; each; each = each.parentElement) {
      chain.unshift(parse(getComputedStyle(each).backgroundColor));
      opacity *= Number(getComputedStyle(each).opacity);
    }
    if (opacity < 0.05) continue; // how long it took, which fades out
    const behind = chain.reduce((below, top) => over(top, below), [255, 255, 255]);
    const colour = parse(getComputedStyle(element).color);
    const ink = over([...colour.slice(0, 3), (colour[3] ?? 1) * opacity], behind);
    const [dark, light] = [luminance(ink), luminance(behind)].sort((a, b) => a - b);
    const style = getComputedStyle(element), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < (large ? 3 : 4.5)) found.push(`${text.slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return found;
}"""
OPEN = """() => {
  document.querySelectorAll('details').forEach((each) => { each.open = true; });
  document.querySelectorAll('button.label-wrap:not(.open)').forEach((each) => {
    const pad = each.closest('[id$=-pad-open]'); // says in faint letters that it is coming
    if (!pad && each.checkVisibility()) each.click();
  });
}"""


SLOW = [  # a quarter of a minute each
    pytest.param(name, scheme, width, marks=pytest.mark.slow)
    for name in ("dcgan-digits", "vae-digits", "classifier-digits", "pix2pix")
    for scheme in ("light", "dark")
    for width in (390, 1280)
    if (name, scheme, width) != ("dcgan-digits", "light", 1280)
]


@pytest.mark.parametrize(("name", "scheme", "width"), [("dcgan-digits", "light", 1280), *SLOW])
def test_texts_have_contrast_and_axe_finds_nothing_in_every_tab(visit: Any, name: str, scheme: str, width: int) -> None:
    page = visit(name, color_scheme=scheme, width=width)
    page.get_by_role("tab").filter(visible=True).first.wait_for()
    page.wait_for_timeout(500)  # until a phone's tabs are in their menu
    for tab in [*listed_tabs(page), *page.locator(".overflow-dropdown button").all_inner_texts()]:
        choose(page, tab)
        page.wait_for_timeout(500)  # until what it shows is there
        page.evaluate(OPEN)
        page.wait_for_timeout(300)
        assert (tab, page.evaluate(FAINT)) == (tab, [])
        assert (tab, faults(page)) == (tab, [])


def test_images_stay_in_view_on_a_phone_while_sliders_move(visit: Any) -> None:
    page = visit("dcgan-digits", width=390)
    page.wait_for_selector("#images img")
    in_view(page, "#images", "#mix input[type=range]")
    choose(page, "Explore")
    page.wait_for_selector("#direction-image img")
    in_view(page, "#direction-image", "#direction-6 input[type=range]")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.slow  # what differs from the above is where the sliders are
def test_a_reconstruction_stays_in_view_on_a_phone_while_sliders_move(visit: Any) -> None:
    page = visit("vae-digits", width=390)
    page.wait_for_selector("#reconstruct-result img")
    in_view(page, "#reconstruct-result", "#edit-6 input[type=range]")


def in_view(page: Any, place: str, slider: str) -> None:
    """All of the picture, and the slider below it, scrolled to the bottom edge and then up until the picture stays."""
    page.locator(slider).evaluate("slider => slider.scrollIntoView({ block: 'end' })")
    page.mouse.wheel(0, 250)
    page.wait_for_timeout(500)
    box, moved = page.locator(place).bounding_box(), page.locator(slider).bounding_box()
    assert page.evaluate("scrollY") > 250
    assert box["y"] >= -1 and box["height"] > 150 and box["y"] + box["height"] <= moved["y"] <= 844
