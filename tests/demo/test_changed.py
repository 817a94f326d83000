"""The residual of a translation: its levels, its PSNR, and both on the page."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hf_genimg.demo import uploads
from hf_genimg.demo.models import Shelf
from hf_genimg.demo.residual import residual

from .conditioned import tinting
from .looking import choose, same, until

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")


def test_the_map_and_the_psnr_of_a_known_change() -> None:
    before = Image.new("RGB", (4, 2), (100, 100, 100))
    levels = np.asarray(before).copy()
    levels[0, 0], levels[0, 1], levels[1, 3] = (132, 100, 100), (0, 0, 0), (116, 116, 116)
    found, level = residual(before, Image.fromarray(levels))
    assert np.array_equal(np.asarray(found), [[42, 255, 0, 0], [0, 0, 0, 64]])
    error = (32**2 + 3 * 100**2 + 3 * 16**2) / 24
    assert level == pytest.approx(10 * math.log10(255**2 / error))
    same_map, same_level = residual(before.convert("L"), before)
    assert not np.asarray(same_map).any() and same_level == math.inf


def test_the_page_shows_what_was_changed(visit: Any, seen: Any, tmp_path: Path) -> None:
    grey, style = Image.new("L", (40, 20), 100), Image.new("L", (40, 20), 110)
    page = visit("tinter")
    choose(page, "Translate")
    for name, image in (("picture", grey), ("style", style)):
        image.save(tmp_path / f"{name}.png")
        page.locator(f"#translate-{name} input[type=file]").set_input_files(tmp_path / f"{name}.png")
    page.locator("#translate-changed").get_by_text("What was changed").click()
    pair = uploads.translate(Shelf(tinting()).find(""), grey, style=style)
    expected, level = residual(*pair)
    assert level > 20, "a change that the map shows in grey"
    place = page.locator("#translate-residual img")
    until(lambda: place.count() > 0 and same(seen(page, "#translate-residual", 0), expected))
    assert f"PSNR to the input: {level:.1f} dB" in page.locator("#translate-psnr").inner_text()
