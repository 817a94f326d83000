"""Below the tabs: images that a visitor keeps, of all models; as a contact sheet, a ZIP or a link."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr

from .. import favourites
from ..handlers import save_all
from ..models import Shelf
from ._gallery import gallery
from ._instead import instead
from ._page import LIVE, LONG, Page, cache_folder, friendly, texts

OPEN_FILE = "() => setTimeout(() => document.querySelector('#kept-file').click(), 150)"
WHOLE_LINK = """(query) => {
  const address = location.origin + location.pathname + '?' + query;
  navigator.clipboard?.writeText(address);
  return address;
}"""
# the one that is framed: a visitor may be quicker than the answer that says which was clicked on
FRAMED = """(kept, chosen) => {
  const number = [...document.querySelectorAll('#kept .thumbnail-item')].findIndex((each) => each.matches('.selected'));
  return [kept, number < 0 ? chosen : number];
}"""
HIDDEN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", **LIVE}


def build(shelf: Shelf) -> SimpleNamespace:
    """Lay the list out; `wire` does the rest once there are buttons that keep something."""
    ui = SimpleNamespace(shelf=shelf)
    ui.kept = gr.BrowserState([], storage_key="hf_genimg-kept")
    with gr.Accordion(texts("favourites"), open=False, elem_id="kept-open") as ui.opened:
        gr.Markdown(texts("favourites_info"), elem_classes="studio-note")
        instead("empty_favourites")
        ui.gallery = gallery(
            texts("favourites"), 8, buttons=[], elem_id="kept", elem_classes=("studio-history",), object_fit="contain"
        )
        with gr.Row(elem_classes="studio-buttons"):
            ui.sheet, ui.zip, ui.link, ui.remove = (
                gr.Button(texts(name), size="sm", min_width=140, elem_id=f"kept-{name}")
                for name in ("contact_sheet", "zip", "kept_link", "remove")
            )
        ui.address = gr.Textbox(
            label=texts("kept_link"), visible=False, interactive=False, buttons=["copy"], elem_id="kept-address"
        )
        ui.query, ui.chosen = gr.Textbox("", visible=False), gr.Number(None, precision=0, visible=False)
        ui.file = gr.DownloadButton(elem_id="kept-file", elem_classes="studio-away")
    return ui


def wire(demo: gr.Blocks, ui: SimpleNamespace, pages: list[Page]) -> None:
    """Connect the list, and every button of the pages that keeps an image."""
    shelf = ui.shelf

    def show(kept: Any) -> Any:
        return gr.update(value=favourites.shown(kept, shelf), selected_index=None)

    for page in pages:
        for button, described, inputs in page.keeping:
            done = button.click(_keeping(shelf, described), [ui.kept, page.chooser, *inputs], ui.kept, **HIDDEN)
            done.success(show, ui.kept, ui.gallery, **HIDDEN).success(
                lambda: gr.update(open=True), None, ui.opened, **HIDDEN
            )

    @friendly
    def remove(kept: Any, number: int | None) -> tuple[Any, Any, None]:
        rest = favourites.without(kept, shelf, number)
        return rest, show(rest), None

    def arrive(kept: Any, request: gr.Request) -> tuple[Any, Any, Any]:
        brought = request.query_params.get("kept")
        after = favourites.of_link(brought, kept, shelf) if brought else favourites.plain(kept)
        return after, show(after), gr.update(open=bool(brought))

    ui.gallery.select(_number, None, ui.chosen, **HIDDEN)
    ui.remove.click(remove, [ui.kept, ui.chosen], [ui.kept, ui.gallery, ui.chosen], js=FRAMED, **HIDDEN)
    demo.load(friendly(arrive), ui.kept, [ui.kept, ui.gallery, ui.opened], **HIDDEN)
    _wire_files(ui)


def _keeping(shelf: Shelf, described: Callable[..., tuple[str, int]]) -> Callable[..., Any]:
    @friendly
    def keep(kept: Any, model: str, *inputs: Any) -> Any:
        shared = shelf.find(model)
        return favourites.keep(kept, shared, *described(shared, *inputs))

    return keep


def _number(event: gr.SelectData) -> int:
    return event.index


def _wire_files(ui: SimpleNamespace) -> None:
    def folder() -> Path:
        return Path(tempfile.mkdtemp(dir=cache_folder(ui.gallery)))

    @friendly
    def sheet(kept: Any) -> str:
        return str(favourites.contact_sheet(favourites.images_of(kept, ui.shelf), folder()))

    @friendly
    def archive(kept: Any) -> str:
        return str(save_all(favourites.images_of(kept, ui.shelf), folder()))

    @friendly
    def address(kept: Any) -> str:
        return favourites.link(kept, ui.shelf)

    for button, write in ((ui.sheet, sheet), (ui.zip, archive)):
        written = button.click(write, ui.kept, ui.file, api_visibility="private", show_progress="hidden", **LONG)
        written.success(None, None, None, js=OPEN_FILE)
    made = ui.link.click(address, ui.kept, ui.query, **HIDDEN)
    made.success(lambda: gr.update(visible=True), None, ui.address, **HIDDEN).success(
        None, ui.query, ui.address, js=WHOLE_LINK
    )
