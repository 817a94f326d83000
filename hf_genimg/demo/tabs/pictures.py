"""The tabs that take a picture: Reconstruct, Translate and Classify."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import gradio as gr
from PIL import Image

from .. import uploads
from ..about import examples
from ..explore import SLIDERS
from ..heat import heat_map
from ..models import Shared
from ..settings import LARGEST_SEED
from . import masks as painting
from ._changed import build_changed
from ._given import build_given, seen_picture, show_seen, shown_picture, upload
from ._instead import instead
from ._named import named_sliders
from ._page import LIVE, Page, friendly, texts
from ._then import build_then_translated

MOST_CLASSES = 100  # that are named
QUIET: dict[str, Any] = {"show_progress": "hidden", "trigger_mode": "always_last", **LIVE}


def _begin(page: Page, answer: Any, picture: gr.Image, result: Any, seen: gr.Image | None = None) -> None:
    """Show the first example, what becomes of it and what the model saw, so that the tab is not empty when it is
    opened; unless the visitor was quicker and gave a picture.
    """
    outputs = [picture, result] if seen is None else [picture, result, seen]

    def begin(model: str, given: Image.Image | None) -> tuple[Any, ...]:
        shared = page.shelf.find(model)
        found = examples(shared)
        if not found or given is not None:
            return (gr.skip(),) * len(outputs)
        return (found[0], answer(model, found[0]), uploads.enlarged(uploads.seen(shared, found[0])))[: len(outputs)]

    page.adapt(outputs, lambda model: [None] * len(outputs))
    page.fill(begin, [page.chooser, picture], outputs)
    picture.clear(lambda: None, None, result, api_visibility="private", queue=False)


def _clear_where_it_fails(result: Any, *events: Any) -> None:
    """Where one of these events fails, nothing is left of the answer before, which is of another picture."""
    for event in events:
        event.failure(lambda: None, None, result, api_visibility="private", queue=False)


def _before_after(elem_id: str) -> gr.ImageSlider:
    return gr.ImageSlider(
        label=texts("before_after"),
        show_label=False,
        type="pil",
        format="png",
        interactive=False,
        buttons=["download", "fullscreen"],
        elem_id=elem_id,
        elem_classes="pixels",
        max_height=420,
    )


def build_reconstruct(page: Page) -> None:
    """Upload, before and after, edits of the latents, and the way from one upload to another."""
    ui = SimpleNamespace()
    with page.tab("reconstruct"):
        with gr.Row(elem_classes="studio-row-down"):
            with gr.Column(scale=2, min_width=260):
                ui.given = build_given(page, "picture", "reconstruct-picture")
            with gr.Column(scale=3, min_width=260, elem_classes=["studio-answer", "studio-stays"]):
                gr.Markdown(texts("before_after"), elem_classes="studio-heading")
                instead("empty_reconstruct")
                ui.result = _before_after("reconstruct-result")
        with gr.Row():
            with gr.Column(min_width=260):
                ui.amounts = [
                    gr.Slider(-3, 3, 0, step=0.05, label=texts(f"direction_{i + 1}"), elem_id=f"edit-{i + 1}")
                    for i in range(SLIDERS)
                ]
                _, ui.named = named_sliders(page, "edit-named")
            with gr.Column(min_width=260):
                ui.other = upload("other_picture", "reconstruct-other")
                ui.other_seen = seen_picture("reconstruct-other-seen")
                ui.between = gr.Slider(0, 1, 0, step=0.02, label=texts("between"), elem_id="between")
        gr.Markdown(texts("uploads_note"), elem_classes="studio-note")
    page.adapt(
        ui.amounts,
        lambda model: [gr.update(visible=i < min(SLIDERS, model.latent_dim), value=0) for i in range(SLIDERS)],
    )
    page.adapt([ui.other, ui.other_seen, ui.between], lambda model: [None, None, 0])
    show_seen(page, ui.other, ui.other_seen, [ui.other.upload])
    _wire_reconstruct(page, ui)


def _wire_reconstruct(page: Page, ui: SimpleNamespace) -> None:
    @friendly
    def reconstruct(
        model: str,
        picture: Image.Image | None,
        other: Image.Image | None = None,
        between: float = 0,
        first: float = 0,
        second: float = 0,
        third: float = 0,
        fourth: float = 0,
        fifth: float = 0,
        sixth: float = 0,
        named_1: float = 0,
        named_2: float = 0,
        named_3: float = 0,
        named_4: float = 0,
        named_5: float = 0,
        named_6: float = 0,
    ) -> tuple[Image.Image, Image.Image]:
        """Send a picture through an autoencoder: what the model saw of it, and what it made of it.

        Args:
            model: the name of a model of this page; the first one when empty.
            picture: a file of at most 12 MB and 30 million pixels.
            other: a second picture to go towards.
            between: how far towards it, from 0 to 1.
            first: how far along the first direction, in standard deviations from -3 to 3.
            second: likewise.
            third: likewise.
            fourth: likewise.
            fifth: likewise.
            sixth: likewise.
            named_1: how far along the first named direction that the model came with, likewise.
            named_2: likewise.
            named_3: likewise.
            named_4: likewise.
            named_5: likewise.
            named_6: likewise.
        """
        amounts = [first, second, third, fourth, fifth, sixth, named_1, named_2, named_3, named_4, named_5, named_6]
        return uploads.reconstruct(page.shelf.find(model), picture, amounts, other, between)

    place, amounts = ui.given.place, [*ui.amounts, *ui.named]
    inputs = [page.chooser, place, ui.other, ui.between, *amounts]
    moved = [ui.between.input, ui.other.upload, ui.other.clear, *(slider.input for slider in amounts)]
    _begin(page, reconstruct, place, ui.result)
    _clear_where_it_fails(
        ui.result,
        place.upload(reconstruct, inputs, ui.result, **page.api("reconstruct"), **LIVE),
        gr.on(moved, reconstruct, inputs, ui.result, api_visibility="private", **QUIET),
        *(event(reconstruct, inputs, ui.result, api_visibility="private", **QUIET) for event in ui.given.chosen),
    )


def build_translate(page: Page) -> None:
    """Upload or example, what else the model takes, before and after."""
    masks, styles = (page.any_model(lambda model, name=name: getattr(model.capabilities, name)) for name in CONDITIONS)
    able = page.first.capabilities if page.first else None
    with page.tab("translate"):
        with gr.Row(elem_classes="studio-row-down"):
            with gr.Column(scale=2, min_width=260):
                given = build_given(page, "picture", "translate-picture")
                # shown and hidden as a whole: a component that is itself updated is made anew, and reads what it is
                # given as gradio does
                with gr.Column(visible=bool(able and able.mask)) as mask_panel:
                    paint = painting.editor(page) if masks else None
                    mask = upload("mask", "translate-mask") if masks else gr.State(None)
                with gr.Column(visible=bool(able and able.style)) as style_panel:
                    style = upload("style", "translate-style") if styles else gr.State(None)
                strength, reverse = (
                    gr.Slider(0, 1, 1, step=0.01, label=texts("how_strongly"), elem_id="translate-strength"),
                    gr.Checkbox(False, label=texts("reverse"), elem_id="translate-reverse"),
                )
                with gr.Row():
                    label = gr.Dropdown(
                        [],
                        label=texts("class"),
                        visible=False,
                        elem_id="translate-label",
                        allow_custom_value=True,
                    )
                    seed = gr.Number(
                        0,
                        label=texts("seed"),
                        precision=0,
                        minimum=0,
                        maximum=LARGEST_SEED,
                        visible=False,
                        elem_id="translate-seed",
                    )
                label.api_info = lambda: {"anyOf": [{"type": "integer"}, {"type": "string"}]}
                go = gr.Button(texts("translate"), variant="primary", elem_id="translate-go")
            with gr.Column(scale=3, min_width=260):
                gr.Markdown(texts("before_after"), elem_classes="studio-heading")
                instead("empty_translate")
                result = _before_after("translate-result")
                build_changed(result)
                build_then_translated(page, [given.place, mask, style, strength, reverse, seed, label])
        gr.Markdown(texts("uploads_note"), elem_classes="studio-note")
    page.adapt([mask_panel, style_panel, strength, reverse, seed, label], _taken)
    ui = SimpleNamespace(given=given, mask=mask, style=style, strength=strength, reverse=reverse, result=result)
    ui.seed, ui.label = seed, label
    _wire_translate(page, ui, go, paint)


CONDITIONS = ("mask", "style")


def _taken(model: Shared) -> list[Any]:
    able = model.capabilities
    return [
        gr.update(visible=able.mask),
        gr.update(visible=able.style),
        gr.update(visible=able.strength, value=1),
        gr.update(visible=able.reverse, value=False),
        gr.update(visible=able.latents, value=0),
        gr.update(visible=bool(able.num_classes), choices=_classes_of(model), value=0 if able.num_classes else None),
    ]


def _classes_of(model: Shared) -> list[tuple[str, int]]:
    return [(name, number) for number, name in enumerate(model.class_names)] if model.capabilities.num_classes else []


def _wire_translate(page: Page, ui: SimpleNamespace, go: gr.Button, paint: Any) -> None:
    @friendly
    def translate(
        model: str,
        picture: Image.Image | None,
        mask: Image.Image | None = None,
        style: Image.Image | None = None,
        strength: float = 1.0,
        reverse: bool = False,
        seed: int = 0,
        label: int | str | None = None,
    ) -> tuple[Image.Image, Image.Image]:
        """Translate a picture: what the model saw of it, and what it made of it.

        Args:
            model: the name of a model of this page; the first one when empty.
            picture: a file of at most 12 MB and 30 million pixels.
            mask: white where there is something to fill in, for models that do.
            style: a picture whose style is taken, for models that take one.
            strength: how strongly, from 0 to 1, for models that can.
            reverse: in the other direction, for models that have two.
            seed: of the latents, for models that have some: another seed is another translation.
            label: the class by its name or number, for models that have classes; the first unless given.
        """
        return uploads.translate(page.shelf.find(model), picture, mask, style, strength, reverse, seed, label)

    @friendly
    def at_once(model: str, shown: Image.Image | None, *more: Any) -> Any:
        """Where nothing else is to be given first: a mask is for the picture before."""
        able = page.shelf.find(model).capabilities
        return gr.skip() if able.mask or (able.style and more[1] is None) else translate(model, shown, *more)

    def first_example(model: str, shown: Image.Image) -> Any:
        able = page.shelf.find(model).capabilities
        return None if able.mask or able.style else translate(model, shown)

    place = ui.given.place
    inputs = [page.chooser, place, ui.mask, ui.style, ui.strength, ui.reverse, ui.seed, ui.label]
    _begin(page, first_example, place, ui.result)
    asked = painting.wire(page, paint, ui.given, ui.mask, go).success if paint else go.click
    live = [*ui.given.arrivals, ui.strength.release, ui.reverse.input, ui.seed.submit, ui.label.input]
    live += [ui.style.upload] if isinstance(ui.style, gr.Image) else []
    _clear_where_it_fails(
        ui.result,
        asked(translate, inputs, ui.result, **page.api("translate"), **LIVE),
        *(event(at_once, inputs, ui.result, api_visibility="private", **LIVE) for event in live),
    )
    page.adapt([each for each in (ui.mask, ui.style) if isinstance(each, gr.Image)], _emptied(ui))


def _emptied(ui: SimpleNamespace) -> Any:
    """Nothing of what was given to the model before; a plain value, after which the component reads as it did."""
    places = [each for each in (ui.mask, ui.style) if isinstance(each, gr.Image)]
    return lambda model: [None] * len(places)


def build_classify(page: Page) -> None:
    """Upload or example, and what it is taken for."""
    with page.tab("classify"):
        with gr.Row(elem_classes="studio-row-down"):
            with gr.Column(scale=2, min_width=260):
                given = build_given(page, "picture", "classify-picture")
                top = gr.Slider(1, MOST_CLASSES, 3, step=1, label=texts("top"), elem_id="classify-top")
            with gr.Column(scale=3, min_width=260):
                instead("empty_classify")
                result = gr.Label(label=texts("answer"), elem_id="classify-result")
                seen = seen_picture("classify-seen")
                heat = shown_picture("heat", "classify-heat")
                gr.Markdown(texts("heat_info"), elem_classes="studio-note")
        gr.Markdown(texts("uploads_note"), elem_classes="studio-note")
    page.adapt([top], lambda model: [gr.update(maximum=_classes(model), value=min(3, _classes(model)))])

    @friendly
    def classify(model: str, picture: Image.Image | None, top: int = 3) -> dict[str, float]:
        """Say what is on a picture: the likeliest classes and their probabilities.

        Args:
            model: the name of a model of this page; the first one when empty.
            picture: a file of at most 12 MB and 30 million pixels.
            top: how many classes.
        """
        return uploads.classify(page.shelf.find(model), picture, int(top))

    inputs = [page.chooser, given.place, top]
    _begin(page, classify, given.place, result, seen)
    show_seen(page, given.place, seen, given.arrivals)
    _show_heat(page, given, heat)
    live = (top.release, *given.chosen)
    _clear_where_it_fails(
        result,
        given.place.upload(classify, inputs, result, **page.api("classify"), **LIVE),
        *(event(classify, inputs, result, api_visibility="private", **LIVE) for event in live),
    )


def _show_heat(page: Page, given: Any, heat: gr.Image) -> None:
    """Show where the model looked whenever there is another picture; of the first example when the page is opened."""

    def look(model: str, picture: Image.Image | ValueError | None) -> Image.Image | None:
        """None for what cannot be classified either, which says why."""
        try:
            return heat_map(page.shelf.find(model), picture) if isinstance(picture, Image.Image) else None
        except ValueError:
            return None

    def begin(model: str) -> Image.Image | None:
        shared = page.shelf.find(model)
        return next((heat_map(shared, picture) for picture in examples(shared)), None)

    for event in (*given.arrivals, given.place.clear):
        event(look, [page.chooser, given.place], heat, api_visibility="private", **QUIET)
    page.fill(begin, [page.chooser], [heat])


def _classes(model: Shared) -> int:
    """At most how many classes there are to name."""
    return max(2, min(model.capabilities.num_classes or 10, MOST_CLASSES))
