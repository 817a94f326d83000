"""Of the Explore tab: a direction towards a class, found from labels."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import gradio as gr

from .. import labelled
from ..texts import say
from ._page import LIVE, LONG, Page, friendly, texts

HIDDEN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", **LIVE}


def build(page: Page) -> SimpleNamespace:
    """Lay out which labels, which class and which other one; hidden where nothing labels the images of the model."""
    ui = SimpleNamespace(page=page)
    with gr.Column(visible=False) as ui.panel:
        gr.Markdown(texts("labels_info"), elem_classes="studio-note")
        with gr.Row():
            ui.source = gr.Dropdown([], label=texts("labels_source"), elem_id=page.id("labels-source"), min_width=200)
            ui.label = gr.Dropdown([], label=texts("labels_to"), elem_id=page.id("labels-to"), min_width=120)
            ui.against = gr.Dropdown([], label=texts("labels_from"), elem_id=page.id("labels-from"), min_width=120)
        ui.find = gr.Button(texts("find_from_labels"), variant="primary", elem_id=page.id("labels-find"))
    return ui


def wire(ui: SimpleNamespace, opened: Any, found: list[Any], which: Any) -> Any:
    """Fill in the choices when `opened`, the accordion, is. found: the components for the direction, the one that is
    applied, its strength, a note and a name; `which(model, direction)` is an update for the second.

    Returns the event after which a direction is there.
    """
    shelf, chooser, own = ui.page.shelf, ui.page.chooser, [ui.source, ui.label, ui.against]

    @friendly
    def begin(model: str) -> list[Any]:
        labels = labelled.labels_of(shelf, shelf.find(model))
        sources = [(say(f"labels_of_{each.kind}", name=each.name), key) for key, each in labels.items()]
        first = next(iter(labels), None)
        source = gr.update(choices=sources, value=first, visible=len(sources) > 1)
        return [gr.update(visible=bool(labels)), source, *_classes(labels[first].class_names if first else [])]

    @friendly
    def classes(model: str, key: str | None) -> list[Any]:
        labels = labelled.labels_of(shelf, shelf.find(model)).get(key or "")
        return _classes(labels.class_names if labels else [])

    @friendly
    def find(model: str, key: str | None, label: str | None, against: str | None) -> list[Any]:
        shared = shelf.find(model)
        direction = labelled.find(shelf, shared, key, label, against)
        words = say("direction_from_labels", label=label, against=against or say("all_others"))
        return [direction, which(shared, direction), 2.0, words, labelled.name_of(shared, label or "", against)]

    opened.expand(begin, chooser, [ui.panel, *own], **HIDDEN)
    ui.source.input(classes, [chooser, ui.source], [ui.label, ui.against], **HIDDEN)
    ui.page.adapt([ui.panel, *own], lambda model: [gr.update(visible=False), *_none()])
    return ui.find.click(
        find, [chooser, *own], found, api_visibility="private", show_progress="full", show_progress_on=found[3], **LONG
    )


def _none() -> list[Any]:
    return [gr.update(choices=[], value=None)] * 3


def _classes(names: list[str]) -> list[Any]:
    """The first class, from all others."""
    return [
        gr.update(choices=names, value=names[0] if names else None),
        gr.update(choices=[(say("all_others"), ""), *((name, name) for name in names)], value=""),
    ]
