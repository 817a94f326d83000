"""Below what a model made: other models of the page that translate it, one after another."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
from PIL import Image

from .. import uploads
from ..chains import MOST_STEPS, check_others, follow, follow_picture, translators
from ..handlers import save_all
from ..models import Shared
from ._gallery import gallery
from ._given import upload
from ._instead import instead
from ._page import LIVE, LONG, Page, cache_folder, friendly, texts

OPEN_FILE = "() => setTimeout(() => document.querySelector('#%s').click(), 150)"


def build_then(page: Page, query: Any) -> None:
    """Below generated images. query: the component that says which there are."""
    shelf = page.shelf

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
        yield from follow(shelf.find(model), query, _found(page, others), style, strength)

    ui = _lay_out(page, "then", "then_go")
    if ui is not None:
        _wire(ui, then, [page.chooser, query, ui.others, ui.style, ui.strength], page.api("then"))


def build_then_translated(page: Page, inputs: list[Any]) -> None:
    """Below a translation. inputs: the components that decide on it, as `uploads.translated` takes them."""

    @friendly
    def then_translated(
        model: str,
        others: list[str],
        then_style: Image.Image | None,
        then_strength: float,
        picture: Image.Image | None,
        mask: Image.Image | None,
        style: Image.Image | None,
        *more: Any,
    ) -> Iterator[list[Image.Image]]:
        shared, following = page.shelf.find(model), _found(page, others)
        given = check_others(shared, following, then_style, then_strength)
        yield from follow_picture(uploads.translated(shared, picture, mask, style, *more)[1], following, given)

    ui = _lay_out(page, "then_result", "then_go_result")
    if ui is not None:
        own = [page.chooser, ui.others, ui.style, ui.strength]
        _wire(ui, then_translated, [*own, *inputs], {"api_visibility": "private"})


def _found(page: Page, names: list[str] | None) -> list[Shared]:
    return [page.shelf.find(name) for name in names or []]


def _lay_out(page: Page, title: str, go: str) -> SimpleNamespace | None:
    """The components; None where no model can follow."""
    shelf = page.shelf
    if not translators(shelf) and shelf.jobs is None:
        return None
    ui = SimpleNamespace(page=page)
    there = bool(translators(shelf))
    with gr.Accordion(texts(title), open=False, visible=there, elem_id=page.id("then-open")) as ui.opened:
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
            ui.go = gr.Button(texts(go), size="sm", min_width=140, elem_id=page.id("then-go"))
            ui.zip = gr.Button(texts("zip"), size="sm", min_width=140, elem_id=page.id("then-zip"))
        instead("empty_then")
        ui.images = gallery(
            texts("images"), 4, object_fit="contain", buttons=["fullscreen", "download"], elem_id=page.id("then-images")
        )
        ui.file = gr.DownloadButton(elem_id=page.id("then-file"), elem_classes="studio-away")
    page.adapt([ui.images], lambda model: [[]])
    if shelf.jobs is not None:  # others come
        page.adapt([ui.opened, ui.others], lambda model: _choices(translators(shelf)))
    return ui


def _choices(names: list[str]) -> list[Any]:
    return [gr.update(visible=bool(names)), gr.update(choices=names)]


def _wire(ui: SimpleNamespace, then: Any, inputs: list[Any], api: dict[str, Any]) -> None:
    @friendly
    def archive(*asked: Any) -> str:
        images = list(then(*asked))[-1]
        return str(save_all(images, Path(tempfile.mkdtemp(dir=cache_folder(ui.images)))))

    def styled(others: list[str] | None) -> Any:
        able = [each.capabilities for each in _found(ui.page, others)]
        return gr.update(visible=any(each.style or each.strength for each in able))

    hidden = {"api_visibility": "private", "show_progress": "hidden"}
    ui.go.click(then, inputs, ui.images, **api, show_progress="minimal", **LONG)
    written = ui.zip.click(archive, inputs, ui.file, **hidden, **LONG)
    written.success(None, None, None, js=OPEN_FILE % ui.file.elem_id)
    ui.others.change(friendly(styled), ui.others, ui.style_panel, **hidden, **LIVE)
