"""A picture becomes latents, with which directions, map and walk begin."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hf_genimg.demo import about, explore
from hf_genimg.demo.models import Shared

from .looking import same, shows, until

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")


def psnr(one: Image.Image, other: Image.Image) -> float:
    levels = [np.asarray(each.convert("L").resize((32, 32))).astype(float) for each in (one, other)]
    return 10 * np.log10(255**2 / np.square(levels[0] - levels[1]).mean())


def test_everything_begins_with_the_latents_of_a_picture(of: Callable[[str], Shared]) -> None:
    """And others may use the model while they are looked for."""
    model = of("dcgan-digits")
    picture, free, steps = about.real_images(of("classifier-digits"), 4)[3], [], []

    def look(done: int, total: int) -> None:
        steps.append((done, total))
        if done == 1:
            other = threading.Thread(
                target=lambda: free.append(model.lock.acquire(timeout=5) and not model.lock.release())
            )
            other.start()
            other.join()

    found = explore.find(model, picture, progress=look)
    still = explore.along(model, 7, [], found=found)
    assert free == [True] and steps[-1] == (explore.STEPS, explore.STEPS)
    assert found.psnr > 15 and psnr(still, picture) > psnr(model.pipe(seed=7).images[0], picture) + 5
    assert json.loads(still.info["hf_genimg"])["psnr"] == round(found.psnr, 2)
    assert "seed" not in json.loads(still.info["hf_genimg"])
    assert not same(explore.along(model, 7, [2.0], found=found), still)
    assert same(explore.on_map(model, 0, 0, found), still) and not same(explore.on_map(model, 1, 1, found), still)
    assert not same(explore.latent_map(model, found), explore.latent_map(model))
    walked = list(explore.walk_between(model, [3, 7], 3, found=found))[-1]
    assert len(walked) == 5 and same(walked[0], still) and same(walked[-1], model.pipe(seed=7).images[0])


def test_a_conditional_model_is_inverted_under_a_class(of: Callable[[str], Shared]) -> None:
    model, picture = of("infogan"), Image.radial_gradient("L")
    found = [explore.find(model, picture, label) for label in (0, 2)]
    images = [explore.along(model, 7, [], found=each) for each in found]
    assert [int(each.label) for each in found] == [0, 2] and not same(*images)
    with pytest.raises(ValueError, match="label=3 is no class of infogan, which has 3"):
        explore.find(model, picture, 3)
    with pytest.raises(ValueError, match="there is no picture yet"):
        explore.find(model, None)


@pytest.mark.parametrize("width", [390, pytest.param(1280, marks=pytest.mark.slow)])
def test_a_picture_is_found_and_edited_in_the_page(
    visit: Any, seen: Any, of: Callable[[str], Shared], tmp_path: Path, width: int
) -> None:
    model, page = of("dcgan-digits"), visit("dcgan-digits", width=width)
    picture = about.real_images(of("classifier-digits"), 4)[3]
    picture.resize((84, 84)).save(tmp_path / "digit.png")
    page.get_by_role("tab", name="Explore", exact=True).filter(visible=True).click()
    start = model.pipe(seed=7).images[0]
    shows(page, seen, "#direction-image", start)
    page.get_by_role("button", name="Begin with a picture of yours").click()
    page.locator("#invert-picture input[type=file]").set_input_files(tmp_path / "digit.png")
    page.locator("#invert-seen img").wait_for()
    page.locator("#invert-go").click()
    page.locator("#invert-nearness").get_by_text("PSNR").wait_for()
    until(lambda: psnr(seen(page, "#direction-image"), picture) > psnr(start, picture) + 5)
    found = seen(page, "#direction-image")
    shows(page, seen, "#map-image", found)
    page.locator("#direction-1 input[type=range]").fill("2.5")
    until(lambda: not same(seen(page, "#direction-image"), found))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#invert-back").click()
    shows(page, seen, "#direction-image", start)
    assert page.locator("#invert-nearness").inner_text().strip() == ""
