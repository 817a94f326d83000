"""Drawings, the camera and photographs of phones: what a model is given of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from hf_genimg.demo import drawing, uploads
from hf_genimg.demo.models import Shared

from .looking import same, until

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
# a camera that sees one colour
CAMERA = """navigator.mediaDevices.getUserMedia = async () => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 64 });
  const paint = () => { const c = canvas.getContext('2d'); c.fillStyle = '#40ff40'; c.fillRect(0, 0, 64, 64); };
  setInterval(paint, 50);
  return canvas.captureStream(20);
};"""


def strokes(*lines: list[tuple[int, int]], colour: str = "#000000") -> Image.Image:
    """As the pad gives them: on a transparent ground."""
    image = Image.new("RGBA", (drawing.SIDE, drawing.SIDE))
    for line in lines:
        ImageDraw.Draw(image).line(line, colour, 28, joint="curve")
    return image


def ring(x: float, y: float, width: float, height: float) -> list[tuple[int, int]]:
    turns = [2 * math.pi * part / 24 for part in range(25)]
    return [(round(x + width * math.cos(turn)), round(y + height * math.sin(turn))) for turn in turns]


DIGITS = {
    "0": strokes(ring(190, 190, 70, 110)),
    "1": strokes([(190, 60), (190, 320)]),
    "7": strokes([(90, 80), (290, 80), (160, 330)]),
}


@pytest.mark.parametrize("digit", DIGITS)
def test_a_drawn_digit_is_recognised_wherever_and_however_large_it_is(of: Callable[[str], Shared], digit: str) -> None:
    model = of("classifier-digits")
    small = Image.new("RGBA", (drawing.SIDE, drawing.SIDE))
    small.paste(DIGITS[digit].resize((150, 150)), (220, 10))
    for drawn in (DIGITS[digit], small):
        picture = drawing.as_data(model, drawn)
        assert picture.getpixel((0, 0)) == (0, 0, 0) and picture.getextrema()[0] == (0, 255), "white on black"
        assert next(iter(uploads.classify(model, picture))) == digit


def test_a_drawing_keeps_its_colours_on_the_paper_of_colour_models(of: Callable[[str], Shared]) -> None:
    drawn = strokes([(20, 20), (100, 20)], colour="#2563eb")
    picture = drawing.as_data(of("translator"), drawn)
    assert picture.getpixel((60, 20)) == (0x25, 0x63, 0xEB) and picture.getpixel((300, 300)) == (255, 255, 255)
    assert drawing.as_data(of("translator"), None) is None


@pytest.mark.parametrize(
    ("background", "dark", "level"), [((250, 250, 250), False, 0), ((10, 10, 10), True, 255), ((0, 0, 0, 0), False, 0)]
)
def test_a_canvas_is_that_of_the_data(background: tuple[int, ...], dark: bool, level: int) -> None:
    data = Image.new("RGBA" if len(background) == 4 else "RGB", (32, 32), background)
    data.paste((200, 90, 90), (8, 8, 24, 24))
    canvas = drawing._look([data] * 3)
    assert (canvas.dark, canvas.share, canvas.transparent) == (dark, 0.5, len(background) == 4)
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    assert drawing._look([Image.fromarray(noise)]) == drawing.Canvas()


@pytest.mark.parametrize("width", [390, pytest.param(1280, marks=pytest.mark.slow)])
def test_a_digit_drawn_in_the_page_is_recognised(visit: Any, seen: Any, width: int) -> None:
    """Stroke by stroke; the page shows what the model saw. Twenty seconds: WebGL without a graphics card."""
    page = visit("classifier-digits", width=width)
    page.locator("#classify-result").get_by_text("%").first.wait_for()
    page.get_by_role("button", name="Or draw one").click()
    page.wait_for_selector("#classify-picture-pad canvas")
    page.wait_for_timeout(1000)
    canvas = page.locator("#classify-picture-pad canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    points = ring(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, 45, 75)
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
    page.mouse.up()
    until(lambda: page.locator("#classify-result h2").inner_text().strip() == "0")
    until(lambda: page.locator("#classify-seen img").count() == 1)
    shown = np.asarray(seen(page, "#classify-seen").convert("L"))
    assert shown[:8, :8].max() < 30 and shown.max() > 200 and 0.05 < (shown > 127).mean() < 0.5
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.slow
def test_a_picture_from_the_camera_is_classified(visit: Any, seen: Any) -> None:
    page = visit("classifier-digits")
    page.evaluate(CAMERA)
    page.locator("#classify-result").get_by_text("%").first.wait_for()
    before = seen(page, "#classify-seen")
    place = page.locator("#classify-picture")
    place.get_by_label("Remove Image").click()
    place.get_by_label("Capture from camera").click()
    place.get_by_text("Click to Access Webcam").click()
    place.get_by_label("capture photo").click()
    until(lambda: page.locator("#classify-seen img").count() == 1 and not same(seen(page, "#classify-seen"), before))
    grey = np.asarray(seen(page, "#classify-seen").convert("L"))
    assert grey.std() < 3 and 150 < grey.mean() < 230


@pytest.mark.slow
def test_heic_is_read_and_shown(visit: Any, seen: Any, tmp_path: Path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif", reason="the extra `heic`")
    picture = Image.radial_gradient("L").convert("RGB")
    pillow_heif.from_pillow(picture).save(tmp_path / "photo.heic", quality=95)
    read = uploads.read_upload(tmp_path / "photo.heic")
    difference = np.asarray(read.convert("L")).astype(int) - np.asarray(picture.convert("L"))
    assert read.size == (256, 256) and np.abs(difference).mean() < 3
    page = visit("classifier-digits")
    page.locator("#classify-result").get_by_text("%").first.wait_for()
    page.locator("#classify-picture input[type=file]").set_input_files(tmp_path / "photo.heic")
    until(lambda: page.locator("#classify-picture img").count() == 1 and ".heic" not in shown_at(page))
    assert seen(page, "#classify-picture").size == (256, 256)


def shown_at(page: Any) -> str:
    return page.locator("#classify-picture img").get_attribute("src") or ".heic"


def test_heic_without_its_reader_is_refused_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "photo.heic").write_bytes(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic")
    monkeypatch.setattr(uploads, "formats", lambda: uploads.FORMATS)
    with pytest.raises(ValueError, match="HEIC pictures need pillow-heif.*give a JPEG.*WEBP, DICOM or TIFF"):
        uploads.read_upload(tmp_path / "photo.heic")
