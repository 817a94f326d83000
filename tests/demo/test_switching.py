"""Several models of all tasks in one page: chosen to and fro in every tab, reopened from links, by two visitors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import hf_genimg
from hf_genimg.demo import about, explore, uploads
from hf_genimg.demo.handlers import generate
from hf_genimg.demo.settings import Settings
from hf_genimg.pipelines.provenance import read_provenance

from .looking import choose, choose_image, choose_model, listed_tabs, same, shows, slide, until

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
MAKING = ["Generate", "Explore", "Look closer", "Compare", "Evaluate", "Real or fake?", "About"]
TABS = {
    "gan": MAKING,
    "infogan": MAKING,
    "dcgan-digits": MAKING,
    "vae-digits": ["Reconstruct", *MAKING],
    "pix2pix": ["Translate", "About"],
    "classifier-digits": ["Classify", "About"],
}


def messages(page: Any) -> list[str]:
    return [toast.inner_text() for toast in page.locator(".toast-body").all()]


EVERY = ("infogan", "vae-digits", "pix2pix", "gan", "classifier-digits", "dcgan-digits", "vae-digits", "gan")


@pytest.mark.parametrize(
    "names",
    [("vae-digits", "pix2pix", "gan"), pytest.param(EVERY, marks=pytest.mark.slow)],  # eight changes: a minute
    ids=["some", "all"],
)
def test_each_model_has_its_tabs_and_pictures_however_often_it_changes(
    names: tuple[str, ...], visit: Any, seen: Any, of: Any
) -> None:
    page = visit("infogan")
    for name in names:
        choose_model(page, name)
        until(lambda name=name: listed_tabs(page) == TABS[name])
        model = of(name)
        until(lambda name=name: page.get_by_role("heading", level=1, name=name).filter(visible=True).count() == 1)
        if name == "vae-digits":
            choose(page, "Reconstruct")
            shows(page, seen, "#reconstruct-result", uploads.reconstruct(model, about.examples(model)[0], [])[1], 1)
            choose(page, "Generate")
            shows(page, seen, "#images-reconstruction", model.pipe(seed=0).images[0])
        elif name == "pix2pix":
            shows(page, seen, "#translate-result", uploads.translate(model, about.examples(model)[0])[1], 1)
        elif name == "classifier-digits":
            page.locator("#classify-result").get_by_text("%").first.wait_for()
        else:
            choose(page, "Generate")
            shows(page, seen, "#images", model.pipe(seed=0).images[0])
        choose(page, "About")
        facts = page.locator("[id^=facts]").filter(visible=True)
        until(lambda name=name, facts=facts: facts.count() == 1 and facts.inner_text().startswith(name))
    assert not messages(page)


def test_tabs_lie_side_by_side(models: list[Path]) -> None:
    """Those of each task, in one row: none within another's panel."""
    demo = hf_genimg.build_demo(models[:4])

    def rows(node: dict[str, Any]) -> Iterator[list[str]]:
        inside = [
            each["id"] for each in node.get("children", []) if demo.blocks[each["id"]].get_block_name() == "tabitem"
        ]
        if inside:
            yield [json.loads(str(demo.blocks[id].label).removeprefix("__i18n__"))["key"] for id in inside]
        for child in node.get("children", []):
            yield from rows(child)

    found = list(rows(demo.config["layout"]))
    assert [row[0] for row in found] == ["generate", "reconstruct", "translate", "classify"]
    assert all(row[-1] == "about" for row in found) and all("explore" in row for row in found[:2])


@pytest.mark.slow  # half a minute of two models
def test_explore_shows_the_chosen_model_only(visit: Any, seen: Any, of: Any) -> None:
    """While it is open, and when it is opened after the change; nor does a walk of another stay."""
    page = visit("dcgan-digits")
    choose(page, "Explore")
    shows(page, seen, "#direction-image", of("dcgan-digits").pipe(seed=7).images[0])
    page.locator("#walk").click()
    shows(page, seen, "#strip", of("dcgan-digits").pipe(seed=3).images[0])
    choose_model(page, "infogan")
    shows(page, seen, "#direction-image", of("infogan").pipe(seed=7).images[0])
    shows(page, seen, "#map", explore.latent_map(of("infogan")))
    shows(page, seen, "#map-image", explore.on_map(of("infogan"), 0, 0))
    page.locator("#strip").wait_for(state="detached" if page.locator("#strip").count() == 0 else "hidden")
    choose(page, "Generate")
    choose_model(page, "gan")
    until(lambda: page.locator("#direction-image img").count() == 0)  # rather none than another's
    choose(page, "Explore")
    shows(page, seen, "#direction-image", of("gan").pipe(seed=7).images[0])
    assert not messages(page)


def test_a_late_answer_does_not_empty_a_tab_that_was_opened_meanwhile(visit: Any, seen: Any, of: Any) -> None:
    """A visitor opens Explore right after another model was chosen; what the page asked for before is answered last."""
    page = visit("gan")
    page.wait_for_selector("#images img")
    held: list[Any] = []
    holding = [True]
    adapting = page.evaluate(
        """() => {
            const config = window.gradio_config;
            const chooser = config.components.find((each) => each.props.elem_id === 'model').id;
            const chosen = ([id, event]) => id === chooser && event === 'input';
            return config.dependencies.find((each) => each.targets.some(chosen)).id;
        }"""
    )

    def hold(route: Any) -> None:
        if holding and route.request.post_data_json["fn_index"] != adapting:
            held.append(route)
        else:
            route.continue_()

    page.route("**/queue/join*", hold)
    choose_model(page, "dcgan-digits")
    page.wait_for_timeout(1000)  # until all is asked for
    holding.clear()
    choose(page, "Explore")
    page.wait_for_timeout(1500)  # an answer for this tab that waits for no other comes meanwhile
    assert held
    for route in held:
        route.continue_()
    shows(page, seen, "#direction-image", of("dcgan-digits").pipe(seed=7).images[0])
    shows(page, seen, "#map-image", explore.on_map(of("dcgan-digits"), 0, 0))
    choose(page, "Generate")
    shows(page, seen, "#images", of("dcgan-digits").pipe(seed=0).images[0])  # which was held back with the others
    page.wait_for_timeout(500)
    assert page.locator("#direction-image img").count() == page.locator("#map-image img").count() == 1


@pytest.mark.slow  # half a minute of three models
def test_real_or_fake_is_of_the_chosen_model_or_says_what_it_lacks(visit: Any, models: list[Path]) -> None:
    page = visit("dcgan-digits")
    choose(page, "Real or fake?")
    left = page.get_by_role("button", name="The left one is real")
    page.locator("#human-left img").wait_for()
    size = "() => document.querySelector('#human-left img').naturalWidth"
    assert page.evaluate(size) == 288
    choose_model(page, "infogan")  # which is in no run
    page.get_by_text("This model cannot be tested here").wait_for()
    assert not left.is_visible() and page.locator("#human-left img").count() == 0
    choose_model(page, "gan")
    left.wait_for()
    until(lambda: page.locator("#human-left img").count() == 1 and page.evaluate(size) == 288)
    left.click()
    until(lambda: "answers." in page.locator("#human-feedback").inner_text())
    assert not messages(page) and str(models[0].parent) not in page.content()


def test_a_trial_of_another_model_is_refused_without_a_path(client: Any, models: list[Path]) -> None:
    from gradio_client.exceptions import AppError

    *_, trial, _, rater = client.predict("dcgan-digits", "", api_name="/human_trial")
    with pytest.raises(AppError, match="there is no trial") as error:
        client.predict("gan", rater, trial, "left", api_name="/human_answer")
    assert str(models[0].parent) not in str(error.value)


@pytest.mark.slow  # that tabs follow the model is in the two above
def test_compare_begins_with_the_chosen_model(visit: Any, seen: Any, of: Any) -> None:
    page = visit("infogan")
    choose(page, "Compare")
    shows(page, seen, "#compare-1", of("infogan").pipe(9, seed=0).images[8], 8)
    assert not page.locator("#compare-prompt").is_visible()  # which neither of the two reads
    choose_model(page, "dcgan-digits")
    shows(page, seen, "#compare-1", of("dcgan-digits").pipe(9, seed=0).images[8], 8)
    shows(page, seen, "#compare-2", of("gan").pipe(9, seed=0).images[8], 8)


@pytest.mark.slow  # half a minute of four models
def test_the_link_is_of_the_model_that_is_chosen(visit: Any, seen: Any, of: Any) -> None:
    page = visit("gan", permissions=["clipboard-read", "clipboard-write"])
    page.wait_for_function("() => location.search.includes('seed=0')")
    slide(page, "mix", 0.5)
    page.wait_for_function("() => location.search.includes('mix=0.5')")
    for name in ("pix2pix", "infogan"):
        choose_model(page, name)
        assert f"model={name}" in page.url
    page.wait_for_function("() => location.search === '?model=infogan&seed=0&mix=0.5'")  # the settings are kept
    page.locator("#link").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.url
    again = visit(url=copied)
    shows(again, seen, "#images", list(generate(of("infogan"), Settings(mix=0.5)))[-1][15], 15)
    assert again.locator("#model input").input_value() == "infogan"


def test_more_like_this_goes_on_and_its_link_and_file_bring_it_back(
    visit: Any, seen: Any, of: Any, tmp_path: Path
) -> None:
    page, model = visit("infogan"), of("infogan")

    def expected(*pairs: tuple[int, float]) -> list[Image.Image]:
        return list(generate(model, Settings(like=pairs)))[-1]

    choose_image(page, 3)
    for pairs in (((3, 0.35),), ((3, 0.35), (3, 0.35))):  # the second time of the place that is still framed
        page.wait_for_timeout(300)  # until the choice is noted
        page.locator("#like").click()
        shows(page, seen, "#images", expected(*pairs)[2], 2)
    choose_image(page, 2)
    page.wait_for_timeout(300)
    page.locator("#like").click()
    pairs = ((3, 0.35), (3, 0.35), (2, 0.35))
    shows(page, seen, "#images", expected(*pairs[:2])[2])
    shows(page, seen, "#images", expected(*pairs)[5], 5)
    page.wait_for_function("() => location.search.includes('like=3:0.35,3:0.35,2:0.35')")
    choose_image(page, 5)
    page.wait_for_timeout(300)
    with page.expect_download() as download:
        page.locator("#as-png").click()
    download.value.save_as(tmp_path / "like.png")
    noted = read_provenance(tmp_path / "like.png")
    assert noted["number"] == 5 and Settings.of_address(noted["settings"]).like == pairs
    assert same(Image.open(tmp_path / "like.png"), expected(*pairs)[5])
    shows(visit(url=page.url), seen, "#images", expected(*pairs)[5], 5)
    page.locator("#afresh").click()
    shows(page, seen, "#images", model.pipe(16, seed=0).images[2], 2)
    page.wait_for_function("() => !location.search.includes('like')")
    page.locator("#afresh").wait_for(state="hidden")


@pytest.mark.slow  # two pages change six times
def test_two_visitors_do_not_meet(visit: Any, seen: Any, of: Any) -> None:
    one, other = visit("gan"), visit("vae-digits")
    for name, place, theirs in (
        ("infogan", "#images", "pix2pix"),
        ("dcgan-digits", "#images", "vae-digits"),
        ("gan", "#images", "classifier-digits"),
    ):
        choose_model(one, name)
        choose_model(other, theirs)
        shows(one, seen, place, of(name).pipe(seed=0).images[0])
        assert listed_tabs(other) == TABS[theirs] and listed_tabs(one) == TABS[name]
    assert one.locator("#model input").input_value() == "gan"
    assert not messages(one) and not messages(other)


def test_an_empty_seed_is_asked_for(visit: Any, client: Any) -> None:
    page = visit("gan")
    page.locator("#images img").first.wait_for()
    seed = page.get_by_label("Seed", exact=True).filter(visible=True).first
    seed.fill("")
    seed.press("Enter")
    page.locator(".toast-body").get_by_text("seed is empty; give an integer").wait_for()
    assert len(messages(page)) == 1


def test_what_is_left_empty_is_named(client: Any) -> None:
    from gradio_client.exceptions import AppError

    for name, endpoint, given in (
        ("seed", "/generate", {}),
        ("towards", "/more_like_this", {}),
        ("seed", "/compare", {"one": "gan", "other": "vae"}),
        ("seed", "/directions", {}),
    ):
        with pytest.raises(AppError, match=f"^{name} is empty; give an? (integer|number)"):
            client.predict(**{**given, name: None}, api_name=endpoint)


def test_a_class_is_of_the_model_that_is_asked(client: Any, of: Any) -> None:
    """The first model of the page has none."""
    from gradio_client.exceptions import AppError

    expected = of("infogan").pipe(1, seed=4, class_labels=2).images[0]
    for label in (2, "2"):
        made = client.predict(model="infogan", seed=4, count=1, label=label, api_name="/generate")[0][0]["image"]
        assert same(Image.open(made), expected)
    for label, message in ((3, "label=3 is no class of infogan, which has 3"), ("cat", "choose one of 0, 1, 2")):
        with pytest.raises(AppError, match=message):
            client.predict(model="infogan", label=label, api_name="/generate")
    with pytest.raises(AppError, match="label=0 is no class of gan"):
        client.predict(model="gan", label=0, api_name="/generate")


def test_directions_are_found_as_the_model_that_is_asked_allows(client: Any, of: Any) -> None:
    expected = explore.along(of("vae"), 7, [1.0], "sefa")
    assert same(Image.open(client.predict(model="vae", method="sefa", first=1, api_name="/directions")), expected)


OTHERS = [("vae-digits", "reconstruct"), ("pix2pix", "translate")]


@pytest.mark.parametrize(
    ("model", "place"),
    [("classifier-digits", "classify"), *(pytest.param(*other, marks=pytest.mark.slow) for other in OTHERS)],
)
def test_an_upload_that_cannot_be_read_leaves_no_answer(visit: Any, tmp_path: Path, model: str, place: str) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    page = visit(model)
    answer = page.locator(f"#{place}-result").locator("h2" if place == "classify" else "img")
    answer.first.wait_for()
    page.locator(f"#{place}-picture input[type=file]").set_input_files(tmp_path / "broken.png")
    page.locator(".toast-body").get_by_text("cannot be read as a picture").wait_for()
    until(lambda: answer.count() == 0 or not answer.first.is_visible())


@pytest.fixture
def forgetful(models: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A page that keeps the state of one visitor."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    demo = hf_genimg.build_demo([models[0], models[8]])
    demo.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, state_session_capacity=1)
    yield demo
    demo.close(verbose=False)


def test_who_is_forgotten_goes_on_as_before(visit: Any, seen: Any, of: Callable[[str], Any], forgetful: Any) -> None:
    """Sessions that gradio keeps are few; a class, a slider and a file still work for who came first."""
    url = forgetful.local_url
    page = visit("infogan", url=url)
    shows(page, seen, "#images", of("infogan").pipe(seed=0).images[0])
    for _ in range(2):
        visit("gan", url=url).locator("#images img").first.wait_for()
    assert len(forgetful.app.state_holder.session_data) <= 2
    page.locator("#label input").click()
    page.get_by_role("option", name="2", exact=True).click()
    shows(page, seen, "#images", of("infogan").pipe(seed=0, class_labels=2).images[0])
    slide(page, "code-1", 0.5)
    page.wait_for_function("() => location.search.includes('codes=0.5')")
    with page.expect_download():
        page.locator("#as-png").click()
    assert not messages(page)


def test_sessions_are_bounded(models: list[Path]) -> None:
    from hf_genimg.demo.app import SESSIONS

    demo = hf_genimg.build_demo(models[:1])
    demo.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    try:
        holder = demo.app.state_holder
        for number in range(SESSIONS + 10):
            assert holder[f"session {number}"]
        assert len(holder.session_data) == len(holder.time_last_used) == SESSIONS <= 200
    finally:
        demo.close(verbose=False)
