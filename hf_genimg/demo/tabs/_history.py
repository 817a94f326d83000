"""Of the Generate tab: what was made before, which the visitor's browser keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import gradio as gr
from PIL import Image

from .. import history
from ..handlers import generate
from ..history import picture_of
from ..settings import STRENGTH, Settings
from ._gallery import gallery
from ._page import LIVE, SHOW_LINK, Page, friendly, texts


@dataclass(frozen=True)
class Made:
    """What a visitor looks at. picture: small, for the history."""

    settings: Settings
    picture: Image.Image


def history_gallery(page: Page) -> gr.Gallery:
    """A row of small images, hidden while there are none."""
    return gallery(
        texts("history"), 8, visible=False, buttons=[], elem_id=page.id("history"), elem_classes=("studio-history",)
    )


def wire_history(ui: SimpleNamespace, controls_of: Callable[[Settings], list[Any]]) -> None:
    """Keep what was made, show it, and bring it back when it is chosen. controls_of: values of `ui.controls`."""
    shelf, chooser = ui.page.shelf, ui.page.chooser

    def show(model: str, before: Any) -> tuple[Any, Any]:
        pictures = history.shown(before, shelf.find(model).name)
        some = bool(pictures)
        return gr.update(value=pictures, visible=some, selected_index=None), gr.update(visible=some)

    @friendly
    def keep(model: str, last: Made | None, before: Any) -> Any:
        if last is None:
            return gr.skip()
        before = history.remember(before, shelf.find(model).name, last.settings, last.picture)
        return before, *show(model, before)

    @friendly
    def recall(model: str, before: Any, event: gr.SelectData) -> Iterator[Any]:
        shared = shelf.find(model)
        settings = history.recall(before, shared.name, event.index)
        for images in generate(shared, settings):
            made = Made(settings, picture_of(images))
            yield (
                images,
                made,
                settings.link(shared.name),
                settings.like[-1][1] if settings.like else STRENGTH,
                0,
                *controls_of(settings),
            )

    hidden: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", **LIVE}
    shown_in = [ui.history, ui.history_title]
    for settled in ui.settled:
        settled.success(keep, [chooser, ui.last, ui.before], [ui.before, *shown_in], **hidden)
    shown = [ui.gallery, ui.last, ui.query, ui.strength, ui.chosen, *ui.controls]
    recalled = ui.history.select(recall, [chooser, ui.before], shown, **hidden)
    recalled.then(None, [chooser, ui.query], None, js=SHOW_LINK)
    ui.page.fill(show, [chooser, ui.before], shown_in)
