"""Below generated images: other models of the page that translate them, one after another."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
from PIL import Image

from ..chains import MOST_STEPS, follow, translators
from ..handlers import save_all
from ._gallery import gallery
from ._given import upload
from ._page import LIVE, LONG, Page, cache_folder, friendly, texts

OPEN_FILE = "() => setTimeout(() => document.querySelector('#%s').click(), 150)"


def build_then(page: Page, query: Any) -> None:
    """Lay it out and wire it, where a model can follow. query: the component that says which images there are."""
    shelf = page.shelf
    if not translators(shelf) and shelf.jobs is None:
        return
    ui = SimpleNamespace(page=page, query=query)
    there = bool(translators(shelf))
    with gr.Accordion(texts("then"), open=False, visible=there, elem_id=page.id("then-open")) as ui.opened:
        gr.Markdown(texts("then_info"), elem_classes="studio-note")
        ui.others = gr.Dropdown(
            translators(shelf),
            value=[],
            multiselect=True,
            max_choices=MOST_STEPS,
            label=texts("then_models"),
            elem_id=page.id("then-models"),
        )
        with gr.Column(visible=False) as ui.style_panel:
            ui.style = upload("style", page.id("then-style"))
            ui.strength = gr.Slider(0, 1, 1, step=0.01, label=texts("how_strongly"), elem_id=page.id("then-strength"))
        with gr.Row(elem_classes="studio-buttons"):
            ui.go = gr.Button(texts("then_go"), size="sm", min_width=140, elem_id=page.id("then-go"))
            ui.zip = gr.Button(texts("zip"), size="sm", min_width=140, elem_id=page.id("then-zip"))
        ui.images = gallery(
            texts("images"), 4, object_fit="contain", buttons=["fullscreen", "download"], elem_id=page.id("then-images")
        )
        ui.file = gr.DownloadButton(elem_id=page.id("then-file"), elem_classes="studio-away")
    page.adapt([ui.images], lambda model: [[]])
    if shelf.jobs is not None:  # others come
        page.adapt([ui.opened, ui.others], lambda model: _choices(translators(shelf)))
    _wire(ui)


def _choices(names: list[str]) -> list[Any]:
    return [gr.update(visible=bool(names)), gr.update(choices=names)]


def _wire(ui: SimpleNamespace) -> None:
    shelf = ui.page.shelf

    @friendly
    def then(
        model: str, query: str, others: list[str], style: Image.Image | None = None, strength: float = 1.0
    ) -> Iterator[list[Image.Image]]:
        """Translate generated images by other models, one after another.

        Args:
            model: the name of the model that generated them; the first one when empty.
            query: which images, as generate returns them: model=NAME&seed=0&count=4.
            others: the names of the models that translate them, in order.
            style: a picture whose style is taken, for models that take one.
            strength: how strongly, from 0 to 1, for models that can.
        """
        yield from follow(shelf.find(model), query, [shelf.find(name) for name in others or []], style, strength)

    @friendly
    def archive(*asked: Any) -> str:
        images = list(then(*asked))[-1]
        return str(save_all(images, Path(tempfile.mkdtemp(dir=cache_folder(ui.images)))))

    def styled(others: list[str] | None) -> Any:
        able = [shelf.find(name).capabilities for name in others or []]
        return gr.update(visible=any(each.style or each.strength for each in able))

    hidden = {"api_visibility": "private", "show_progress": "hidden"}
    inputs = [ui.page.chooser, ui.query, ui.others, ui.style, ui.strength]
    ui.go.click(then, inputs, ui.images, **ui.page.api("then"), show_progress="minimal", **LONG)
    written = ui.zip.click(archive, inputs, ui.file, **hidden, **LONG)
    written.success(None, None, None, js=OPEN_FILE % ui.file.elem_id)
    ui.others.change(friendly(styled), ui.others, ui.style_panel, **hidden, **LIVE)
