"""Every tab in a real browser, for a GAN, a VAE, pix2pix and a classifier: what is shown is what the pipelines make."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hf_genimg.demo import about, explore, human, uploads
from hf_genimg.demo.models import Shared

from .looking import choose, same, shows, slide, until

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")


@pytest.fixture(scope="module")
def digits(of: Callable[[str], Shared], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Files of real digits: 0, 1, 2, ..."""
    folder = tmp_path_factory.mktemp("digits")
    for number, image in enumerate(about.real_images(of("classifier-digits"), 10)):
        image.resize((84, 84)).save(folder / f"{number}.png")
    return [folder / f"{number}.png" for number in range(10)]


def test_reconstruct(visit: Any, seen: Any, of: Any, digits: list[Path]) -> None:
    """Before and after; an edit of the latents and its undoing; and all the way to a second picture."""
    page, vae = visit("vae-digits"), of("vae-digits")
    before, after = uploads.reconstruct(vae, uploads.read_upload(digits[3]), [])
    page.locator("#reconstruct-result img").first.wait_for()
    page.locator("#reconstruct-picture input[type=file]").set_input_files(digits[3])
    shows(page, seen, "#reconstruct-result", before)
    shows(page, seen, "#reconstruct-result", after, 1)
    slide(page, "edit-1", 2)
    shows(page, seen, "#reconstruct-result", uploads.reconstruct(vae, uploads.read_upload(digits[3]), [2.0])[1], 1)
    assert not same(seen(page, "#reconstruct-result", 1), after)
    slide(page, "edit-1", 0)
    shows(page, seen, "#reconstruct-result", after, 1)
    page.locator("#reconstruct-other input[type=file]").set_input_files(digits[7])
    slide(page, "between", 1)
    shows(page, seen, "#reconstruct-result", uploads.reconstruct(vae, uploads.read_upload(digits[7]), [])[1], 1)
    slide(page, "between", 0.5)
    until(
        lambda: (
            not same(
                seen(page, "#reconstruct-result", 1), uploads.reconstruct(vae, uploads.read_upload(digits[7]), [])[1]
            )
        )
    )


def test_translate(visit: Any, seen: Any, of: Any, digits: list[Path]) -> None:
    """An example, and an upload."""
    page, translator = visit("pix2pix"), of("pix2pix")
    example = about.examples(translator)[1]
    page.locator(".studio-examples button").filter(visible=True).nth(1).click()
    for number, image in enumerate(uploads.translate(translator, example)):
        shows(page, seen, "#translate-result", image, number)
    page.locator("#translate-picture input[type=file]").set_input_files(digits[5])
    for number, image in enumerate(uploads.translate(translator, uploads.read_upload(digits[5]))):
        shows(page, seen, "#translate-result", image, number)


def test_classify(visit: Any, digits: list[Path]) -> None:
    page = visit("classifier-digits")
    result = page.locator("#classify-result")
    result.get_by_text("%").first.wait_for()
    for number in (7, 4):
        page.locator("#classify-picture input[type=file]").set_input_files(digits[number])
        until(lambda expected=number: result.locator("h2").inner_text().strip() == str(expected))
    assert len(re.findall(r"\d+%", result.inner_text())) == 3


def test_generate_and_compare(visit: Any, seen: Any, of: Any) -> None:
    """The same seeds of two models, side by side, with what their scores say."""
    page = visit("vae-digits")
    choose(page, "Generate")
    shows(page, seen, "#images-reconstruction", of("vae-digits").pipe(seed=0).images[0])
    choose(page, "Compare")
    for side, name in ((1, "vae-digits"), (2, "vae")):  # the chosen one, and another that reconstructs
        images = of(name).pipe(9, seed=0).images
        shows(page, seen, f"#compare-{side}-reconstruction", images[8], 8)
    page.get_by_text("No scores lie beside vae").filter(visible=True).wait_for()


def test_explore(visit: Any, seen: Any, of: Any) -> None:
    """Directions move the image, a click on the map goes there, and a walk has all its images, as strip and as GIF."""
    page = visit("dcgan-digits")
    choose(page, "Explore")
    start = of("dcgan-digits").pipe(seed=7).images[0]
    shows(page, seen, "#direction-image", start)
    slide(page, "direction-1", 2.5)
    until(lambda: not same(seen(page, "#direction-image"), start))
    page.get_by_role("button", name="Back to the start").filter(visible=True).click()
    shows(page, seen, "#direction-image", start)
    assert page.locator("#named-1").inner_text().startswith("slant") and not page.locator("#named-3").is_visible()
    slide(page, "named-1", -2)
    shows(page, seen, "#direction-image", of("dcgan-digits").pipe(seed=7, directions={"slant": -2.0}).images[0])
    page.locator("#map-image img").wait_for()
    middle = seen(page, "#map-image")
    box = page.locator("#map img").bounding_box()
    page.locator("#map img").click(position={"x": box["width"] * 0.9, "y": box["height"] * 0.1})
    until(lambda: not same(seen(page, "#map-image"), middle))
    assert all(float(page.locator(f"#map-{axis} input[type=range]").input_value()) > 1 for axis in "xy")
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.75, steps=5)
    page.mouse.up()

    def places() -> list[float]:
        return [float(page.locator(f"#map-{axis} input[type=range]").input_value()) for axis in "xy"]

    assert all(-1.6 < place < -1.1 for place in places())
    until(lambda: same(seen(page, "#map-image"), explore.on_map(of("dcgan-digits"), *places())))
    page.get_by_label("Walk between seeds").filter(visible=True).fill("1, 2, 3")
    page.locator("#walk").click()
    shows(page, seen, "#strip", of("dcgan-digits").pipe(seed=3).images[0], 14)
    page.locator("#gif").click()
    until(lambda: any("walk.gif" in (image.get_attribute("src") or "") for image in page.locator(".pixels img").all()))


def test_a_rater_who_is_right_seven_times_in_ten(visit: Any, models: list[Path], of: Any) -> None:
    """Is measured so, in the page; the truth is read from the file of the trials, which no visitor has."""
    page, model = visit("dcgan-digits"), of("dcgan-digits")
    choose(page, "Real or fake?")
    feedback, file = page.locator("#human-feedback"), human.results_file(model)
    until(lambda: "No answers yet" in feedback.inner_text())
    for number in range(10):
        side = [each for each in map(json.loads, file.read_text().splitlines()) if "trial" in each][-1]["side"]
        wrong = {"left": "right", "right": "left"}[side]
        page.get_by_role("button", name=f"The {side if number < 7 else wrong} one is real").click()
        until(lambda answers=number + 1: f"in {answers} answers" in feedback.inner_text())
    mine = re.search(r"You: (\d+)% right \((\d+)% to (\d+)%\)", feedback.inner_text())
    value, low, high = map(int, mine.groups())
    assert value == 70 and low < 70 < high and (low, high) == (40, 89)  # the Wilson interval of 7 in 10


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("vae-digits", "classifier-digits")]


DOES = {
    "generation": "generates images",
    "reconstruction": "encodes and generates images",
    "translation": "translates images",
    "classification": "classifies images",
}


@pytest.mark.parametrize("name", ["dcgan-digits", "pix2pix", *SLOW])
def test_about(visit: Any, of: Any, name: str) -> None:
    page, model = visit(name), of(name)
    choose(page, "About")
    facts = page.locator("[id^=facts]").filter(visible=True)
    until(lambda: facts.count() == 1 and name in facts.inner_text())
    text = facts.inner_text()
    assert all(part in text for part in ("Not for:", "licence", model.pipe.revision, DOES[model.capabilities.task]))
    assert ("Protocol: how this was measured" in text) == (about.report_of(model) is not None)
    page.get_by_role("button", name="Model card").filter(visible=True).click()
    page.get_by_text("hf_genimg").filter(visible=True).first.wait_for()
