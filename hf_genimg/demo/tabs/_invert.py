"""Of the Explore tab: a picture of the visitor's, which becomes latents that directions, map and walk begin with."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import gradio as gr
from PIL import Image

from .. import explore
from ..models import Shared
from ..settings import label_of
from ..texts import say
from ._given import build_given, seen_picture, show_seen
from ._page import LONG, friendly, texts

PROGRESS = gr.Progress()  # a stand-in, which gradio replaces for each request
KEPT = 900  # seconds that latents of a picture are kept, as the picture itself
SHOWN = 10  # steps from one move of the progress bar to the next


def build(ui: SimpleNamespace) -> None:
    """Lay out the place for a picture; `ui.found` holds what was found, None while the seed counts."""
    page = ui.page
    ui.found = gr.State(None, time_to_live=KEPT)
    with gr.Accordion(texts("from_picture"), open=False, elem_id=page.id("invert")):
        gr.Markdown(texts("from_picture_info"), elem_classes="studio-note")
        with gr.Row(elem_classes="studio-row-down"):
            with gr.Column(scale=2, min_width=260):
                ui.given = build_given(page, "picture", page.id("invert-picture"), with_examples=False)
            with gr.Column(scale=2, min_width=220):
                ui.seen = seen_picture(page.id("invert-seen"))
        ui.picture_label = gr.Dropdown([], label=texts("class"), visible=False, allow_custom_value=True)
        ui.picture_label.api_info = lambda: {"anyOf": [{"type": "integer"}, {"type": "string"}]}
        with gr.Row():
            ui.find = gr.Button(texts("find"), variant="primary", min_width=160, elem_id=page.id("invert-go"))
            ui.back = gr.Button(texts("back_to_seed"), min_width=120, elem_id=page.id("invert-back"))
        gr.Markdown(texts("uploads_note"), elem_classes="studio-note")
    ui.nearness = gr.Markdown(elem_id=page.id("invert-nearness"))


def wire(ui: SimpleNamespace) -> tuple[Any, Any]:
    """Returns the events after which `ui.found` is another: found, and given up."""
    page = ui.page

    @friendly
    def invert(
        model: str, picture: Image.Image | None, label: int | str | None = None, progress: gr.Progress = PROGRESS
    ) -> tuple[explore.Found, str]:
        """Find latents whose image is near a picture; directions, on_map and walk of this session begin there then.

        Args:
            model: the name of a model of this page; the first one when empty.
            picture: a file of at most 12 MB and 30 million pixels.
            label: the class by its name or number, for models that have classes; the first unless given.
        """
        shared = page.shelf.find(model)

        def show(done: int, total: int) -> None:
            if done % SHOWN == 0:
                progress((done, total), desc=say("searching"))

        found = explore.find(shared, picture, label_of(shared, label), show)
        return found, say("nearness", psnr=found.psnr)

    show_seen(page, ui.given.place, ui.seen, ui.given.arrivals)
    inputs, outputs = [page.chooser, ui.given.place, ui.picture_label], [ui.found, ui.nearness]
    found = ui.find.click(invert, inputs, outputs, **page.api("invert"), **LONG)
    forgotten: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
    back = gr.on([ui.back.click, ui.seed.input], lambda: (None, ""), None, outputs, **forgotten)
    page.adapt([ui.found, ui.nearness], lambda model: [None, ""])
    page.adapt([ui.picture_label], _classes)
    return found, back


def begun(model: Shared, found: explore.Found | None) -> explore.Found | None:
    """What was found, where it was found with this model."""
    return found if found is not None and found.model == model.name else None


def _classes(model: Shared) -> list[Any]:
    classes = (
        [(name, number) for number, name in enumerate(model.class_names)] if model.capabilities.num_classes else []
    )
    return [gr.update(visible=bool(classes), choices=classes, value=0 if classes else None)]
