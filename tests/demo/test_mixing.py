"""Styles of another seed, from a layer on: refused where a model mixes none, and the controls of the page."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

import hf_genimg
from hf_genimg.demo.handlers import generate
from hf_genimg.demo.mixing import matrix
from hf_genimg.demo.models import Shared, Shelf
from hf_genimg.demo.settings import Settings

from .conditioned import Mixer, MixingPipeline
from .looking import choose, choose_model, same, shows, slide, until

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")


@pytest.fixture
def mixer() -> Shared:
    return Shelf(MixingPipeline(Mixer())).find("")


def made(model: Shared, **settings: Any) -> list[Image.Image]:
    return list(generate(model, Settings(**settings)))[-1]


def bands(image: Image.Image) -> list[int]:
    """The level of each of four bands."""
    return [int(level) for level in np.asarray(image)[2::4, 0]]


def test_bands_from_a_layer_on_are_those_of_the_other_seed(mixer: Shared) -> None:
    own, other = (bands(made(mixer, seed=seed, count=1)[0])[0] for seed in (3, 9))
    for start in (1, 3):
        mixed = made(mixer, seed=3, count=2, mix_seed=9, mix_from=start)
        assert bands(mixed[0]) == [own] * start + [other] * (4 - start)
        assert bands(mixed[1])[3] == other != bands(mixed[1])[0]
        noted = json.loads(mixed[0].info["hf_genimg"])
        assert (noted["seed"], noted["mix_seed"], noted["mix_from"]) == (3, 9, start)
    assert bands(made(mixer, seed=3, count=1, mix_seed=9)[0]) == [own] * 2 + [other] * 2, "the middle"
    morphed = made(mixer, seed=3, count=1, mix=0.5, mix_seed=9, mix_from=1)[0]
    assert bands(morphed)[1:] == [other] * 3 and bands(morphed)[0] not in (own, other)
    assert json.loads(morphed.info["hf_genimg"])["mix_seed"] == 9


def test_the_address_holds_them() -> None:
    asked = Settings(seed=2, mix_seed=9, mix_from=3)
    assert asked.query == "seed=2&mix_seed=9&mix_from=3" and Settings.of_address(asked.query) == asked
    assert Settings.of_address("seed=2&mix_seed=-1&mix_from=0") == Settings(seed=2)


def test_what_cannot_be_mixed_is_refused(mixer: Shared) -> None:
    gan = Shelf(hf_genimg.ImageGenerationPipeline(hf_genimg.MLPGANGenerator(image_size=8, latent_dim=4, width=4)))
    for model, given, line in (
        (gan.find(""), {"mix_seed": 1}, "mixes no styles; leave mix_seed and mix_from out"),
        (mixer, {"mix_from": 2}, "give mix_seed as well"),
        (mixer, {"mix_seed": 1, "mix_from": 4}, "mix_from=4 is not possible; give an integer from 1 to 3"),
        (mixer, {"mix_seed": -1}, "mix_seed=-1 is not possible"),
    ):
        with pytest.raises(ValueError, match=line):
            next(generate(model, Settings(**given)))


def test_a_matrix_holds_rows_columns_and_their_mixtures(mixer: Shared) -> None:
    picture = matrix(mixer, "3, 4", "9, 5, 6", 1)
    levels, side = np.asarray(picture.convert("L")), picture.width // 4

    def cell(row: int, column: int) -> list[int]:
        middle = column * side + side // 2
        return [int(levels[row * side + (1 + 2 * band) * side // 8, middle]) for band in range(4)]

    own, other = (bands(made(mixer, seed=seed, count=1)[0])[0] for seed in (4, 6))
    assert cell(2, 0) == [own] * 4 and cell(0, 3) == [other] * 4
    assert cell(2, 3) == [own] + [other] * 3
    assert json.loads(picture.info["hf_genimg"])["style_mixing"] == {"rows": [3, 4], "columns": [9, 5, 6], "from": 1}
    for given, line in (
        (("3", "1, 2", 1), "is no list of seeds; give 2 to 8"),
        (("3, 4", "1, 2", 4), "mix_from=4 is not possible"),
    ):
        with pytest.raises(ValueError, match=line):
            matrix(mixer, *given)


@pytest.mark.slow  # twenty seconds; handlers are tested above
def test_the_page_mixes_styles(visit: Any, seen: Any, client: Any, mixer: Shared) -> None:
    page = visit("mixer")
    places = [page.locator(place) for place in ("#mix-seed", "#mix-from")]
    until(lambda: all(place.is_visible() for place in places))
    shows(page, seen, "#images", made(mixer)[0])
    until(lambda: page.locator("#mix-from input[type=range]").get_attribute("max") == "3")
    page.locator("#mix-seed input").fill("9")
    page.locator("#mix-seed input").press("Enter")
    shows(page, seen, "#images", made(mixer, mix_seed=9, mix_from=2)[0])
    slide(page, "mix-from", 1)
    shows(page, seen, "#images", made(mixer, mix_seed=9, mix_from=1)[0])
    page.wait_for_function("() => location.search.includes('mix_seed=9&mix_from=1')")
    shows(visit(url=page.url), seen, "#images", made(mixer, mix_seed=9, mix_from=1)[0])
    choose(page, "Explore")
    page.locator("#matrix > button").click()
    page.locator("#matrix-go").click()
    shows(page, seen, "#matrix-image", matrix(mixer, "1, 2, 3, 4", "5, 6, 7, 8", 2))
    choose(page, "Generate")
    choose_model(page, "gan")
    until(lambda: not any(place.is_visible() for place in places) and page.locator("#images img").count() == 16)
    assert page.locator(".toast-body").count() == 0
    found = client.predict(model="mixer", seed=3, count=1, mix_seed=9, mix_from=3, api_name="/generate")[0][0]["image"]
    assert same(Image.open(found), made(mixer, seed=3, count=1, mix_seed=9, mix_from=3)[0])
