"""Of the Explore tab: a direction of one's own, from labels or from two piles of images, tried on a whole gallery and
saved.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
from PIL import Image

from .. import explore, piles
from ..models import Shared
from ..settings import LARGEST_SEED
from ..texts import say
from . import _labels
from ._gallery import gallery
from ._instead import instead
from ._named import named_updates
from ._page import LIVE, Page, cache_folder, friendly, texts

OWN = "\n"  # the direction that was found here, which has no name yet: no name holds a line break
HIDDEN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", **LIVE}


def build(page: Page, named: list[Any]) -> None:
    """Lay it out and wire it. named: the line and the sliders of named directions, which get another when it is
    saved.
    """
    ui = SimpleNamespace(page=page, named=named)
    ui.piles, ui.found = [gr.State([]), gr.State([])], gr.State(None)
    with gr.Accordion(texts("piles"), open=False, elem_id=page.id("piles")) as ui.opened:
        gr.Markdown(texts("piles_info"), elem_classes="studio-note")
        ui.labels = _labels.build(page)
        gr.Markdown(texts("piles_how"), elem_classes="studio-note")
        with gr.Row():
            ui.side = gr.Radio([("A", 0), ("B", 1)], value=0, label=texts("pile"), elem_id=page.id("pile-side"))
            ui.seed = gr.Number(0, label=texts("seed"), precision=0, minimum=0, maximum=LARGEST_SEED, min_width=100)
        ui.shown = gallery(
            texts("images"), 8, buttons=[], elem_id=page.id("pile-images"), elem_classes=("studio-choose",)
        )
        with gr.Row(elem_classes="studio-row-down"):
            ui.galleries = [_pile(page, letter) for letter in ("a", "b")]
        with gr.Row():
            ui.find = gr.Button(texts("find_direction"), variant="primary", elem_id=page.id("pile-find"))
            ui.clear = gr.Button(texts("clear_piles"), elem_id=page.id("pile-clear"))
        ui.which = gr.Dropdown([], label=texts("apply"), visible=False, elem_id=page.id("pile-which"))
        ui.strength = gr.Slider(
            -piles.REACH, piles.REACH, 0, step=0.1, label=texts("apply_strength"), elem_id=page.id("pile-strength")
        )
        with gr.Row():
            ui.name = gr.Textbox("", label=texts("direction_name"), max_lines=1, elem_id=page.id("pile-name"))
            ui.save = gr.Button(texts("save_direction"), visible=page.shelf.keeps, elem_id=page.id("pile-save"))
            ui.get = gr.Button(texts("direction_file"), elem_id=page.id("pile-get"))
        ui.told = gr.Markdown(elem_id=page.id("pile-note"))
        ui.file = gr.DownloadButton(elem_id=page.id("pile-file"), elem_classes="studio-away")
    _wire(ui)
    _wire_keeping(ui)


def _pile(page: Page, letter: str) -> gr.Gallery:
    with gr.Column(min_width=200):
        gr.Markdown(texts(f"pile_{letter}"))
        instead(f"empty_pile_{letter}")
        return gallery(
            texts(f"pile_{letter}"), 8, buttons=[], elem_id=page.id(f"pile-{letter}"), elem_classes=("studio-history",)
        )


def _which(model: Shared, found: Any, value: str | None) -> Any:
    """The directions that can be applied: the one that was found here, and those of the model."""
    own = [] if found is None else [(say("own_direction"), OWN)]
    choices = [*own, *((name, name) for name in explore.names_of(model))]
    return gr.update(choices=choices, value=value, visible=bool(choices))


def _wire(ui: SimpleNamespace) -> None:
    shelf, chooser = ui.page.shelf, ui.page.chooser

    @friendly
    def show(model: str, seed: int, which: str | None, strength: float, found: Any) -> list[Image.Image]:
        shared = shelf.find(model)
        direction = found if which == OWN else shared.pipe.directions.get(which) if which else None
        return piles.gallery_of(shared, int(seed), direction, strength)

    @friendly
    def click(model: str, seed: int, side: int, a: list[int], b: list[int], event: gr.SelectData) -> tuple[Any, ...]:
        shared, both = shelf.find(model), (a, b) if side == 0 else (b, a)
        first, second = piles.put(*both, int(seed) + event.index)
        a, b = (first, second) if side == 0 else (second, first)
        return a, b, piles.pictures(shared, a), piles.pictures(shared, b), gr.update(selected_index=None)

    @friendly
    def find(model: str, a: list[int], b: list[int]) -> tuple[Any, ...]:
        shared = shelf.find(model)
        found = piles.find(shared, a, b)
        return found, _which(shared, found, OWN), 2.0, say("direction_found", a=len(a), b=len(b))

    @friendly
    def begin(model: str, found: Any) -> Any:
        return _which(shelf.find(model), found, OWN if found is not None else None)

    at = [chooser, ui.seed, ui.which, ui.strength, ui.found]
    ui.opened.expand(begin, [chooser, ui.found], ui.which, **HIDDEN).then(show, at, ui.shown, **HIDDEN)
    moved = [ui.seed.submit, ui.seed.blur, ui.which.input, ui.strength.input]
    gr.on(moved, show, at, ui.shown, trigger_mode="always_last", **HIDDEN)
    states = [*ui.piles, *ui.galleries]
    ui.shown.select(click, [chooser, ui.seed, ui.side, *ui.piles], [*states, ui.shown], **HIDDEN)
    found = ui.find.click(find, [chooser, *ui.piles], [ui.found, ui.which, ui.strength, ui.told], **HIDDEN)
    towards = [ui.found, ui.which, ui.strength, ui.told, ui.name]
    labelled = _labels.wire(ui.labels, ui.opened, towards, lambda shared, direction: _which(shared, direction, OWN))
    for event in (found, labelled):
        event.success(show, at, ui.shown, **HIDDEN)
    ui.clear.click(lambda: ([], [], [], []), None, states, **HIDDEN)

    def emptied(model: Shared) -> list[Any]:
        return [[], [], [], [], None, [], gr.update(choices=[], value=None, visible=False), 0, "", ""]

    changing = [*states, ui.found, ui.shown, ui.which, ui.strength, ui.name, ui.told]
    ui.page.adapt([*changing, ui.opened], lambda model: [*emptied(model), gr.update(open=False)])


def _wire_keeping(ui: SimpleNamespace) -> None:
    shelf, chooser = ui.page.shelf, ui.page.chooser

    @friendly
    def save(model: str, name: str, found: Any) -> tuple[Any, ...]:
        shared, name = shelf.find(model), name.strip()
        piles.save(shared, name, found, shelf.keeps)
        return (
            say("direction_saved", name=name, model=shared.name),
            None,
            _which(shared, None, name),
            *named_updates(shared),
        )

    @friendly
    def get(name: str, found: Any) -> str:
        return str(piles.as_file(name.strip(), found, Path(tempfile.mkdtemp(dir=cache_folder(ui.shown)))))

    given = [chooser, ui.name, ui.found]
    ui.save.click(save, given, [ui.told, ui.found, ui.which, *ui.named], **HIDDEN)
    click = f"() => setTimeout(() => document.querySelector('#{ui.file.elem_id}').click(), 150)"
    ui.get.click(get, given[1:], ui.file, **HIDDEN).success(None, None, None, js=click)
