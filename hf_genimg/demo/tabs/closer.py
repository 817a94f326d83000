"""The Look closer tab: nearest training images, the data beside samples, and what the discriminator makes of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import gradio as gr
from PIL import Image

from .. import closer
from ..texts import say
from ._gallery import gallery
from ._instead import instead
from ._page import LIVE, LONG, Page, friendly, texts

PROGRESS = gr.Progress()  # a stand-in, which gradio replaces for each request
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", **LIVE}


def build(page: Page, query: Any) -> None:
    """Lay the tab out and wire it. query: the component with the address of the images of the Generate tab."""
    ui = SimpleNamespace(page=page, query=query)
    with page.tab("closer"):
        gr.Markdown(texts("closer_info"))
        with gr.Row(elem_classes="studio-row-down"):
            with gr.Column(min_width=260):
                _samples(ui)
            with gr.Column(min_width=260):
                _neighbours(ui)
        _data(ui)
        ui.shown = gr.Textbox("", visible=False)  # the address of the samples that are shown
    _wire(ui)


def _samples(ui: SimpleNamespace) -> None:
    gr.Markdown(texts("samples"))
    instead("empty_samples")
    ui.samples = gallery(
        texts("samples"), 4, buttons=[], elem_id=ui.page.id("closer-samples"), elem_classes=("studio-choose",)
    )
    ui.view = gr.Markdown(elem_id=ui.page.id("closer-view"), elem_classes="studio-note")


def _neighbours(ui: SimpleNamespace) -> None:
    gr.Markdown(texts("nearest"))
    instead("empty_nearest")
    ui.nearest = gallery(texts("nearest"), 3, buttons=[], elem_id=ui.page.id("closer-nearest"))
    ui.meaning = gr.Markdown(elem_id=ui.page.id("closer-meaning"))


def _data(ui: SimpleNamespace) -> None:
    page = ui.page
    gr.Markdown(texts("browse"))
    ui.missing = gr.Markdown(texts("no_data"), visible=False, elem_id=page.id("closer-missing"))
    with gr.Column() as ui.browser:
        with gr.Row():
            ui.number = gr.Slider(1, 2, 1, step=1, label=texts("page"), elem_id=page.id("closer-page"))
            ui.label = gr.Dropdown([], label=texts("class"), elem_id=page.id("closer-label"), visible=False)
        ui.real = gallery(texts("browse"), 8, buttons=[], elem_id=page.id("closer-data"))


def _wire(ui: SimpleNamespace) -> None:
    shelf, chooser = ui.page.shelf, ui.page.chooser

    @friendly
    def opened(model: str, query: str) -> tuple[Any, ...]:
        shared = shelf.find(model)
        query = closer.address_of(shared, query)
        shown, view = closer.captions(shared, closer.samples(shared, query))
        here = closer.data_of_model(shared) is not None
        real, pages = closer.browse(shared, 1) if here else ([], 1)
        classes = [(say("all_classes"), -1), *((name, number) for number, name in enumerate(closer.classes_of(shared)))]
        return (
            gr.update(value=shown, selected_index=None),
            view,
            None,
            "",
            gr.update(visible=here),
            gr.update(visible=not here),
            real,
            gr.update(maximum=max(2, pages), value=1, visible=pages > 1),
            gr.update(choices=classes, value=-1, visible=len(classes) > 1),
            query,
        )

    @friendly
    def neighbours(
        model: str, query: str, event: gr.SelectData, progress: gr.Progress = PROGRESS
    ) -> tuple[list[tuple[Image.Image, str]], str]:
        shared = shelf.find(model)
        chosen = closer.samples(shared, query)[event.index]
        return closer.nearest(shared, chosen, lambda what, done, of: progress((done, of), desc=say("seeing")))

    @friendly
    def turned(model: str, number: int, label: int | None) -> tuple[list[tuple[Image.Image, str]], Any]:
        label = None if label in (None, -1) else label
        shown, pages = closer.browse(shelf.find(model), int(number), label)
        return shown, gr.update(maximum=max(2, pages), visible=pages > 1)

    shown = [
        ui.samples,
        ui.view,
        ui.nearest,
        ui.meaning,
        ui.browser,
        ui.missing,
        ui.real,
        ui.number,
        ui.label,
        ui.shown,
    ]
    cleared = [ui.samples, ui.nearest, ui.real, ui.view, ui.meaning, ui.shown]
    ui.page.refill("closer", opened, [chooser, ui.query], shown, cleared)
    found = [ui.nearest, ui.meaning]
    ui.samples.select(neighbours, [chooser, ui.shown], found, api_visibility="private", show_progress="full", **LONG)
    place = [chooser, ui.number, ui.label]
    ui.number.release(turned, place, [ui.real, ui.number], trigger_mode="always_last", **QUIET)
    ui.label.input(lambda: 1, None, ui.number, **QUIET).then(turned, place, [ui.real, ui.number], **QUIET)
