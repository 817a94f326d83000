"""Every shipped model opens every tab that it has: as functions in the fast suite, for each model; in a browser for the
one whose page was empty once, and for all under `slow`, since a page with many pictures takes seconds.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hf_genimg
from hf_genimg.demo import about, explore, uploads
from hf_genimg.demo.handlers import generate
from hf_genimg.demo.models import Shared
from hf_genimg.demo.settings import Settings

from .looking import address_of, choose, listed_tabs, until

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
CARDS = Path(__file__).parents[2] / "model_cards"
SHIPPED = sorted(path.name for path in CARDS.iterdir() if path.is_dir())
FAST = ("biggan-digits",)
CONTENT = {
    "Generate": "[id^=images] img",
    "Explore": "[id^=map-image] img",
    "Look closer": "[id^=closer-samples] img",
    "Compare": "[id^=compare-2] img",
    "Evaluate": "[id^=evaluate-go]",
    "Real or fake?": "[id^=human-left] img",
    "Reconstruct": "#reconstruct-result img",
    "Translate": "#translate-result img",
    "Classify": "#classify-result h2",
    "About": "[id^=facts] li",
}


@pytest.mark.parametrize("name", SHIPPED)
def test_every_tab_has_an_answer(name: str) -> None:
    model = Shared(name, hf_genimg.load(CARDS / name), CARDS / name)
    able = model.capabilities
    assert name in about.facts(model) and about.card(model) and about.curve(model)
    if model.generates:
        label = able.num_classes - 1 if able.num_classes else None
        words = model.pipe.network.example_prompts[0] if able.text else ""
        made = list(generate(model, Settings(seed=3, count=2, label=label, prompt=words, like=((1, 0.5),))))[-1]
        assert len({image.tobytes() for image in made}) == 2
    if model.has_directions:
        still = explore.along(model, 3, [0.0])
        for method in explore.methods_of(model):
            assert explore.along(model, 3, [2.5], method).tobytes() != still.tobytes(), method
        assert explore.on_map(model, 2, 2).tobytes() != explore.on_map(model, -2, -2).tobytes()
        assert len(list(explore.walk_between(model, [1, 2], 2))[-1]) == 2
    examples = about.examples(model)
    if able.encode:
        assert uploads.reconstruct(model, examples[0], [1.0])[1].size
    if able.task == "classification" and examples:
        assert sum(uploads.classify(model, examples[0], 100).values()) == pytest.approx(1, abs=1e-3)


@pytest.fixture(scope="module")
def shipped(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a page with those that are tested, and one more to compare with; in copies, for answers of Real or
    fake are written beside a model.
    """
    tested = {each.callspec.params["name"] for each in request.session.items if "shipped" in each.fixturenames}
    patch = pytest.MonkeyPatch()
    patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
    folder = tmp_path_factory.mktemp("shipped")
    names = sorted({"dcgan-digits", *tested})
    for name in names:
        shutil.copytree(CARDS / name, folder / name)
    demo = hf_genimg.build_demo([folder / name for name in names])
    _, url, _ = demo.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    yield url
    demo.close(verbose=False)
    patch.undo()


@pytest.mark.parametrize(
    "name", [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in SHIPPED]
)
def test_every_tab_opens(visit: Any, shipped: str, name: str) -> None:
    page = visit(url=f"{shipped}?model={name}")
    page.wait_for_function("name => document.querySelector('#model input')?.value === name", arg=name)
    page.locator("[role=tab]").filter(visible=True).first.wait_for()
    tabs = listed_tabs(page)
    assert len(tabs) > 1
    for tab in tabs:
        choose(page, tab)
        content, missing = (
            page.locator(place).filter(visible=True)
            for place in (CONTENT[tab], "[id^=human-missing], [id^=evaluate-missing], [id^=explore-missing]")
        )
        nothing = tab == "Classify" and not about.examples(Shared(name, hf_genimg.load(CARDS / name), CARDS / name))
        until(lambda content=content, missing=missing, nothing=nothing: nothing or content.count() or missing.count())
    assert page.locator(".toast-body").count() == 0


@pytest.mark.parametrize("name", ["text_gan-digits"])
def test_a_model_of_texts_begins_with_an_example(visit: Any, shipped: str, name: str) -> None:
    """And goes on with the one that is clicked on."""
    page = visit(url=f"{shipped}?model={name}")
    until(lambda: page.locator("#images img").count() == 16)
    prompt = page.locator("#prompt textarea")
    until(lambda: prompt.input_value() == "a zero, leaning right")
    until(lambda: "a+zero" in address_of(page))  # all is there
    before = page.locator("#images img").first.get_attribute("src")
    page.locator("#prompts").get_by_text("a thick two, leaning right").click()
    until(lambda: prompt.input_value() == "a thick two, leaning right")
    until(lambda: "a+thick+two" in address_of(page))
    until(lambda: page.locator("#images img").first.get_attribute("src") != before)
    assert page.locator(".toast-body").count() == 0
