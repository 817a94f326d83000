"""The Generate tab: a gallery, and what decides what is in it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
from PIL import Image

from ..handlers import LARGEST_SEED, Settings, generate, new_seed, save_all, save_one
from ..models import Shared, Shelf
from ._page import LIVE, Page, cache_folder, friendly, texts

CLICK_HIDDEN = "() => setTimeout(() => document.querySelector('#%s').click(), 150)"
SHOW_LINK = "(query) => { history.replaceState(null, '', location.pathname + '?' + query); }"
COPY_LINK = "() => { navigator.clipboard?.writeText(location.href); }"


def build(page: Page) -> SimpleNamespace:
    """Lay the tab out and wire it; returns its components by name."""
    model = page.first
    ui = SimpleNamespace(page=page)
    with gr.Tab(texts("generate"), render_children=True), gr.Row(elem_classes="studio-row"):
        with gr.Column(scale=2, min_width=260, elem_classes="studio-controls"):
            _controls(ui, model)
        with gr.Column(scale=5, min_width=260, elem_classes="studio-pictures"):
            ui.gallery = gr.Gallery(
                label=texts("images"),
                show_label=False,
                columns=4,
                height="auto",
                format="png",
                object_fit="contain",
                buttons=["fullscreen"],
                interactive=False,
                allow_preview=False,
                elem_id=page.id("images"),
                elem_classes=["pixels", "whole"],
            )
            with gr.Row(elem_classes="studio-buttons"):
                ui.like = gr.Button(texts("like"), size="sm")
                ui.png, ui.zip = gr.Button(texts("png"), size="sm"), gr.Button(texts("zip"), size="sm")
                ui.link = gr.Button(texts("link"), size="sm")
            ui.file = gr.DownloadButton(elem_id=page.id("studio-file"), elem_classes="studio-away")
            ui.chosen = gr.Number(0, precision=0, visible=False)
            # inside the tab: gradio 6.31 counts whatever is beside the tabs as one of them, and then lists one twice
            ui.last, ui.query = gr.State({}), gr.Textbox(visible=False)
    page.adapt([ui.count, ui.truncation, ui.label], _updates)
    _wire(ui)
    return ui


def _controls(ui: SimpleNamespace, model: Shared | None) -> None:
    with gr.Row():
        ui.seed = gr.Number(
            0, label=texts("seed"), info=texts("seed_info"), precision=0, minimum=0, maximum=LARGEST_SEED, scale=3, min_width=120
        )
        ui.dice = gr.Button(texts("dice"), scale=1, min_width=100, elem_id=ui.page.id("dice"))
    ui.mix = gr.Slider(0, 1, 0, step=0.01, label=texts("mix"), info=texts("mix_info"), elem_id=ui.page.id("mix"))
    able = model.capabilities if model else None
    ui.truncation = gr.Slider(
        0, 2, 1, step=0.05, label=texts("truncation"), info=texts("truncation_info"), visible=bool(able and able.truncation)
    )
    ui.count = gr.Slider(1, model.most_images if model else 64, 16, step=1, label=texts("count"))
    ui.label = gr.Dropdown(_labels(model), value=-1, label=texts("label"), visible=bool(able and able.num_classes))
    with gr.Accordion(texts("options"), open=False):
        ui.towards = gr.Number(1000, label=texts("towards"), precision=0, minimum=0, maximum=LARGEST_SEED)
        ui.strength = gr.Slider(0, 1, 0.35, step=0.05, label=texts("strength"))
    with gr.Row():
        ui.go = gr.Button(texts("generate"), variant="primary")
        ui.stop = gr.Button(texts("stop"), min_width=80, scale=0)


def _labels(model: Shared | None) -> list[tuple[Any, int]]:
    names = model.class_names if model and model.generates and model.capabilities.num_classes else []
    return [("-", -1), *((name, number) for number, name in enumerate(names))]


def _updates(model: Shared) -> list[Any]:
    able = model.capabilities
    return [
        gr.update(maximum=model.most_images),
        gr.update(visible=able.truncation),
        gr.update(visible=bool(model.generates and able.num_classes), choices=_labels(model), value=-1),
    ]


def _endpoints(shelf: Shelf) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """`generate` and `more_like_this`, as the page and programs call them."""

    def answer(model: str, settings: Settings) -> Iterator[tuple[list[Image.Image], dict[str, Any], str]]:
        query = f"model={model}&{settings.query}" if model else settings.query
        for images in generate(shelf.find(model), settings):
            yield images, asdict(settings), query

    @friendly
    def generate_(
        model: str = "", seed: int = 0, count: int = 16, truncation: float = 1.0, towards: int = 1000, mix: float = 0.0, label: int = -1
    ) -> Iterator[tuple[list[Image.Image], dict[str, Any], str]]:
        """Make images: image i is that of seed + i, moved by mix (0 to 1) towards that of the seed towards + i.

        Args:
            model: the name of a model of this page; the first one when left empty.
            seed: an integer of 0 or more. The same seed is the same image.
            count: how many images.
            truncation: scale of the latents, 0 to 2; below 1 images are more typical and less varied.
            towards: the seed to morph towards.
            mix: how far, from 0 to 1.
            label: the class, for models that have classes; -1 for any.
        """
        yield from answer(model, Settings(seed, count, truncation, towards, mix, None if label in (None, -1) else label))

    @friendly
    def more_like_this(
        model: str = "", number: int = 0, strength: float = 0.35, seed: int = 0, count: int = 16, truncation: float = 1.0, label: int = -1
    ) -> Iterator[tuple[list[Image.Image], dict[str, Any], str]]:
        """Make images like image `number` of those of the same seed, itself first.

        Args:
            model: the name of a model of this page; the first one when left empty.
            number: which image, from 0.
            strength: how different they may be, from 0 to 1.
            seed: as for generate.
            count: how many images.
            truncation: as for generate.
            label: as for generate.
        """
        chosen = Settings(seed, count, truncation, label=None if label in (None, -1) else label, like=number or 0, strength=strength)
        yield from answer(model, chosen)

    return generate_, more_like_this


def _wire(ui: SimpleNamespace) -> None:
    generate_, more_like_this = _endpoints(ui.page.shelf)
    result = [ui.gallery, ui.last, ui.query]
    inputs = [ui.page.chooser, ui.seed, ui.count, ui.truncation, ui.towards, ui.mix, ui.label]
    quiet = {"show_progress": "hidden", "trigger_mode": "always_last", "api_visibility": "private", **LIVE}
    made = ui.go.click(generate_, inputs, result, **ui.page.api("generate"), show_progress="minimal", **LIVE)
    live = gr.on(
        [ui.mix.input, ui.truncation.input, ui.count.input, ui.label.input, ui.seed.submit, ui.towards.submit],
        generate_,
        inputs,
        result,
        **quiet,
    )
    rolled = ui.dice.click(new_seed, None, ui.seed, api_visibility="private").then(generate_, inputs, result, **quiet)
    close = ui.like.click(
        more_like_this,
        [ui.page.chooser, ui.chosen, ui.strength, ui.seed, ui.count, ui.truncation, ui.label],
        result,
        **ui.page.api("more_like_this"),
        show_progress="minimal",
        **LIVE,
    )
    ui.events = [made, live, rolled, close]
    for each in ui.events:
        each.then(None, ui.query, None, js=SHOW_LINK)
    ui.stop.click(None, None, None, cancels=ui.events)
    ui.gallery.select(_number, None, ui.chosen, api_visibility="private", show_progress="hidden")
    ui.link.click(None, None, None, js=COPY_LINK)
    _wire_files(ui)
    ui.page.fill(generate_, inputs, result)
    ui.inputs = inputs


def _number(event: gr.SelectData) -> int:
    return event.index


def _wire_files(ui: SimpleNamespace) -> None:
    def remade(model: str, last: dict[str, Any]) -> list[Image.Image]:
        if not last:
            raise ValueError("there is no image yet; generate some first")
        return list(generate(ui.page.shelf.find(model), Settings(**last)))[-1]

    @friendly
    def chosen_png(model: str, last: dict[str, Any], number: int | None) -> str:
        return str(save_one(remade(model, last), number, Path(tempfile.mkdtemp(dir=cache_folder(ui.gallery)))))

    @friendly
    def all_zip(model: str, last: dict[str, Any]) -> str:
        return str(save_all(remade(model, last), Path(tempfile.mkdtemp(dir=cache_folder(ui.gallery)))))

    hidden = {"api_visibility": "private", "show_progress": "hidden", **LIVE}
    click = CLICK_HIDDEN % ui.file.elem_id
    ui.png.click(chosen_png, [ui.page.chooser, ui.last, ui.chosen], ui.file, **hidden).success(None, None, None, js=click)
    ui.zip.click(all_zip, [ui.page.chooser, ui.last], ui.file, **hidden).success(None, None, None, js=click)
