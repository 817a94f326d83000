"""Masks: from a file, and painted by hand in a browser."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

import hf_genimg
from hf_genimg.demo import uploads
from hf_genimg.demo.models import Shelf

from .conditioned import Whitener, WhiteningPipeline

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")


def png(image: Image.Image) -> bytes:
    content = BytesIO()
    image.save(content, "PNG")
    return content.getvalue()


def test_a_mask_is_white_where_any_layer_was_painted_on() -> None:
    layers = [Image.new("RGBA", (40, 40)) for _ in range(3)]
    layers[0].paste((225, 29, 72, 255), (0, 0, 10, 40))
    layers[1].paste((0, 0, 0, 255), (30, 0, 40, 40))
    mask = np.asarray(uploads.painted([png(layer) for layer in layers]))
    assert (mask[:, :10] == 255).all() and (mask[:, 30:] == 255).all() and (mask[:, 10:30] == 0).all()
    assert uploads.painted([png(layers[2]), None]) is None and uploads.painted([]) is None
    with pytest.raises(ValueError, match="30 million pixels"):
        uploads.painted([png(Image.new("1", (10_000, 10_000)))])
    with pytest.raises(ValueError, match="cannot be read as a picture"):
        uploads.painted([b"no picture"])


def test_a_mask_decides_and_its_absence_is_reported() -> None:
    model = Shelf(WhiteningPipeline(Whitener())).find("")
    mask = Image.new("L", (384, 384))
    mask.paste(255, (0, 0, 192, 384))
    before, after = (np.asarray(each) for each in uploads.translate(model, Image.new("L", (64, 64), 60), mask))
    assert (before == 60).all() and (after[:, :190] == 255).all() and (after[:, 194:] == 60).all()
    with pytest.raises(ValueError, match="there is no mask yet; paint over"):
        uploads.translate(model, Image.new("L", (64, 64)))


@pytest.mark.slow  # WebGL without a graphics card
def test_what_is_painted_in_the_page_is_filled_in(visit: Any, tmp_path: Path) -> None:
    Image.new("L", (64, 64), 60).save(tmp_path / "grey.png")
    page = visit("whitener")
    page.get_by_role("tab", name="Translate", exact=True).click()
    page.locator("#translate-picture input[type=file]").set_input_files(tmp_path / "grey.png")
    page.wait_for_selector("#paint canvas")
    page.wait_for_timeout(1500)
    page.locator("#paint canvas").first.scroll_into_view_if_needed()
    box = page.locator("#paint canvas").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 60, y)
    page.mouse.down()
    page.mouse.move(x + 60, y, steps=12)
    page.mouse.up()
    page.wait_for_timeout(500)
    page.locator("#translate-go").click()
    page.wait_for_function("() => document.querySelectorAll('#translate-result img').length === 2")
    shown = [
        BytesIO(page.request.get(page.locator("#translate-result img").nth(i).get_attribute("src")).body())
        for i in (0, 1)
    ]
    levels = [np.asarray(Image.open(each).convert("L")) for each in shown]
    middle = levels[1].shape[0] // 2
    found = max(levels, key=lambda each: each.mean())
    assert (min(levels, key=lambda each: each.mean()) == 60).all()
    assert found[middle, middle] == 255 and found[4, 4] == 60 and 0.005 < (found == 255).mean() < 0.4


def test_models_without_masks_have_no_brush(visit: Any) -> None:
    page = visit("translator")
    page.get_by_role("tab", name="Translate", exact=True).click()
    page.wait_for_selector("#translate-picture")
    for place in ("#paint", "#translate-mask"):
        assert page.locator(place).count() == 0 or not page.locator(place).is_visible()


def test_a_page_for_translators_alone_knows_its_model() -> None:
    demo = hf_genimg.build_demo(WhiteningPipeline(Whitener()))
    (arrive,) = [each.fn for each in demo.fns.values() if each.name == "arrive"]
    assert arrive(SimpleNamespace(query_params={}))["value"] == "whitener"
