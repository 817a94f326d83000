"""Controls follow from capabilities alone: class names, prompt, style, strength, reverse, scale and pictures of any
size, for networks that no shipped family has.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import hf_genimg
from hf_genimg.demo import about, uploads
from hf_genimg.demo.handlers import generate
from hf_genimg.demo.models import Shared, Shelf
from hf_genimg.demo.settings import Settings, label_of

from .conditioned import Reader, ReadingPipeline, Shader, ShadingPipeline, Whitener, WhiteningPipeline, tinting
from .looking import choose, choose_model, same, shows, slide, until

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")


@pytest.fixture
def tinter() -> Shared:
    return Shelf(tinting()).find("")


@pytest.fixture
def shader() -> Shared:
    return Shelf(ShadingPipeline(Shader())).find("")


@pytest.fixture
def reader() -> Shared:
    return Shelf(ReadingPipeline(Reader())).find("")


def grey(level: int, size: tuple[int, int] = (40, 20)) -> Image.Image:
    return Image.new("L", size, level)


def test_style_strength_reverse_and_scale(tinter: Shared) -> None:
    before, after = uploads.translate(tinter, grey(100), style=grey(200))
    assert before.size == after.size and before.width / before.height == 2 and (np.asarray(before) == 100).all()
    assert abs(int(np.asarray(after).max()) - 200) <= 1
    assert abs(int(np.asarray(uploads.translate(tinter, grey(100), style=grey(200), strength=0.5)[1]).max()) - 150) <= 1
    reversed_ = uploads.translate(tinter, grey(100), style=grey(200), reverse=True)[1]
    assert abs(int(np.asarray(reversed_).max()) - 55) <= 1
    assert "enlarges**: x2" in about.facts(tinter) and "of any size" in about.facts(tinter)


def test_what_a_translator_lacks_is_refused(tinter: Shared) -> None:
    whitener = Shelf(WhiteningPipeline(Whitener())).find("")
    for model, given, message in (
        (tinter, {}, "there is no style yet"),
        (tinter, {"style": grey(1), "mask": grey(1)}, "takes no mask"),
        (whitener, {"mask": grey(255), "style": grey(1)}, "takes no style"),
        (whitener, {"mask": grey(255), "reverse": True}, "in one direction only"),
        (tinter, {"style": grey(1), "strength": 2.0}, "strength=2.0 is not possible"),
    ):
        with pytest.raises(ValueError, match=message):
            uploads.translate(model, grey(100), **given)


def test_large_pictures_are_made_smaller_first(tinter: Shared) -> None:
    before, after = uploads.translate(tinter, grey(100, (3000, 1500)), style=grey(200))
    assert before.size == after.size and after.width * after.height <= uploads.MOST_TRANSLATED
    assert after.width / after.height == pytest.approx(2, rel=0.01)


def test_a_prompt_is_needed_where_it_is_read_and_refused_elsewhere(reader: Shared) -> None:
    levels = [np.asarray(list(generate(reader, Settings(prompt="a" * n)))[-1][0]).mean() for n in (2, 10)]
    assert levels[1] - levels[0] > 60
    link = Settings(seed=3, prompt="a red & blue cat").query
    assert Settings.of_address(link) == Settings(seed=3, prompt="a red & blue cat")
    like = list(generate(reader, Settings(prompt="abcde", like=((1, 0.5),), count=2)))[-1]
    assert like[0].tobytes() == list(generate(reader, Settings(prompt="abcde", count=2)))[-1][1].tobytes()
    for prompt, message in (("", "there is no prompt yet"), ("  ", "no prompt yet"), ("a" * 501, "at most 500")):
        with pytest.raises(ValueError, match=message):
            next(generate(reader, Settings(prompt=prompt)))
    gan = hf_genimg.ImageGenerationPipeline(hf_genimg.MLPGANGenerator(image_size=8, latent_dim=4, width=4))
    with pytest.raises(ValueError, match="takes no prompt"):
        next(generate(Shelf(gan).find(""), Settings(prompt="a cat")))


def test_classes_have_their_names() -> None:
    network = hf_genimg.InfoGANGenerator(image_size=16, image_channels=1, latent_dim=6, num_classes=3, width=8, codes=2)
    network.register_to_config(class_names=["10", "big cat", "2"])
    model = Shelf(hf_genimg.ImageGenerationPipeline(network)).find("")
    assert [label_of(model, each) for each in ("big cat", "10", "2", "1", 2, -1, None)] == [1, 0, 2, 1, 2, None, None]
    with pytest.raises(ValueError, match="label='dog' is no class of unsaved; choose one of 10, big cat, 2"):
        label_of(model, "dog")
    assert "3: 10, big cat, 2" in about.facts(model)


def test_programs_give_prompts_and_styles(client: Any, tmp_path: Path) -> None:
    from gradio_client import handle_file
    from gradio_client.exceptions import AppError

    grey(100).save(tmp_path / "picture.png")
    grey(200).save(tmp_path / "style.png")
    picture, style = (handle_file(str(tmp_path / f"{name}.png")) for name in ("picture", "style"))
    made = client.predict(model="reader", prompt="abcdefgh", count=1, api_name="/generate")[0][0]["image"]
    assert np.asarray(Image.open(made)).mean() > 70
    with pytest.raises(AppError, match="there is no prompt yet"):
        client.predict(model="reader", api_name="/generate")
    _, after = client.predict("tinter", picture, style=style, api_name="/translate")
    assert abs(int(np.asarray(Image.open(after).convert("L")).max()) - 200) <= 1
    with pytest.raises(AppError, match="there is no style yet"):
        client.predict("tinter", picture, api_name="/translate")


def test_the_page_shows_what_a_model_takes(visit: Any, seen: Any, tmp_path: Path, tinter: Shared) -> None:
    grey(100).save(tmp_path / "picture.png")
    grey(200).save(tmp_path / "style.png")
    page = visit("tinter")
    places = {name: page.locator(f"#translate-{name}") for name in ("style", "strength", "reverse", "mask")}
    until(lambda: [place.is_visible() for place in places.values()] == [True, True, True, False])
    page.locator("#translate-picture input[type=file]").set_input_files(tmp_path / "picture.png")
    page.locator("#translate-style input[type=file]").set_input_files(tmp_path / "style.png")
    shows(page, seen, "#translate-result", uploads.translate(tinter, grey(100), style=grey(200))[1], 1)
    slide(page, "translate-strength", 0.5)
    page.locator("#translate-reverse input").check()
    expected = uploads.translate(tinter, grey(100), style=grey(200), strength=0.5, reverse=True)[1]
    shows(page, seen, "#translate-result", expected, 1)
    choose_model(page, "pix2pix")
    until(lambda: not any(place.is_visible() for place in places.values()))
    assert page.locator(".toast-body").count() == 0


def test_a_class_and_a_seed_choose_the_translation(shader: Shared, client: Any, tmp_path: Path) -> None:
    from gradio_client import handle_file
    from gradio_client.exceptions import AppError

    made = {label: uploads.translate(shader, grey(128), label=label, seed=3)[1] for label in (0, 1, "brighter", None)}
    assert made[0].tobytes() == made[None].tobytes() != made[1].tobytes() == made["brighter"].tobytes()
    assert uploads.translate(shader, grey(128), label=0, seed=4)[1].tobytes() != made[0].tobytes()
    for given, message in (
        ({"label": 2}, "label=2 is no class of shader, which has 2"),
        ({"label": "x"}, "choose one"),
    ):
        with pytest.raises(ValueError, match=message):
            uploads.translate(shader, grey(128), **given)
    with pytest.raises(ValueError, match="label=1 is no class of tinter"):
        uploads.translate(Shelf(tinting()).find(""), grey(1), style=grey(1), label=1)
    grey(128).save(tmp_path / "picture.png")
    picture = handle_file(str(tmp_path / "picture.png"))
    _, after = client.predict("shader", picture, seed=3, label="brighter", api_name="/translate")
    assert same(Image.open(after), made[1])
    with pytest.raises(AppError, match="label='x' is no class of shader; choose one of darker, brighter"):
        client.predict("shader", picture, label="x", api_name="/translate")


def test_the_page_takes_a_class_and_a_seed(visit: Any, seen: Any, shader: Shared, tmp_path: Path) -> None:
    grey(128).save(tmp_path / "picture.png")
    page = visit("shader")
    places = {name: page.locator(f"#translate-{name}") for name in ("seed", "label", "style", "reverse")}
    until(lambda: [place.is_visible() for place in places.values()] == [True, True, False, False])
    page.locator("#translate-picture input[type=file]").set_input_files(tmp_path / "picture.png")
    shows(page, seen, "#translate-result", uploads.translate(shader, grey(128))[1], 1)
    page.locator("#translate-label input").click()
    page.get_by_role("option", name="brighter", exact=True).click()
    shows(page, seen, "#translate-result", uploads.translate(shader, grey(128), label=1)[1], 1)
    page.locator("#translate-seed input").fill("5")
    page.locator("#translate-seed input").press("Enter")
    shows(page, seen, "#translate-result", uploads.translate(shader, grey(128), label=1, seed=5)[1], 1)
    choose_model(page, "pix2pix")
    until(lambda: not any(place.is_visible() for place in places.values()))
    assert page.locator(".toast-body").count() == 0


@pytest.mark.slow  # twenty seconds; handlers and clients are tested above
def test_the_page_takes_a_prompt(visit: Any, seen: Any, reader: Shared) -> None:
    page = visit("reader")
    page.get_by_text("No images yet").wait_for()  # it has no examples to begin with
    page.locator("#prompt textarea").fill("abcdefg")
    page.locator("#generate").click()
    shows(page, seen, "#images", list(generate(reader, Settings(prompt="abcdefg")))[-1][0])
    page.wait_for_function("() => location.search.includes('prompt=abcdefg')")
    shows(visit(url=page.url), seen, "#images", list(generate(reader, Settings(prompt="abcdefg")))[-1][0])
    choose(page, "Explore")
    page.get_by_text("This model has no directions").wait_for()
    assert not page.locator("#walk").is_visible()
    choose(page, "Generate")
    choose_model(page, "gan")
    until(lambda: not page.locator("#prompt").is_visible() and page.locator("#images img").count() == 16)
    assert page.locator(".toast-body").count() == 0
