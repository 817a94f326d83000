"""The Generate tab: a gallery, and what decides what is in it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
from PIL import Image

from ...pipelines.sampling import new_seed
from ..chains import remade
from ..handlers import generate, save_all, save_one
from ..history import picture_of
from ..models import MOST_IMAGES, Shared, Shelf
from ..settings import LARGEST_SEED, STRENGTH, Settings, label_of, like_of_text, text_of_like
from . import conditions, prompts
from ._gallery import gallery, inline
from ._history import Made, history_gallery, wire_history
from ._instead import instead
from ._page import LIVE, SHOW_LINK, Page, cache_folder, friendly, texts
from ._then import build_then

CLICK_HIDDEN = "() => setTimeout(() => document.querySelector('#%s').click(), 150)"
AFRESH = "(...inputs) => [...inputs.slice(0, -2), '', ...inputs.slice(-1)]"  # like nothing, before the prompt
COPY_LINK = "() => { navigator.clipboard?.writeText(location.href); }"


Answer = tuple[list[Image.Image], Made, str, str]


def build(page: Page) -> SimpleNamespace:
    """Lay the tab out and wire it; returns its components by name."""
    model = page.first
    ui = SimpleNamespace(page=page)
    with page.tab("generate"), gr.Row(elem_classes="studio-row"):
        with gr.Column(scale=2, min_width=260, elem_classes="studio-controls"):
            _controls(ui, model)
        with gr.Column(scale=5, min_width=260, elem_classes="studio-pictures"):
            with gr.Row(visible=False, elem_classes="studio-likes") as ui.likes:
                gr.Markdown(texts("likes"), elem_classes="studio-note")
                ui.afresh = gr.Button(texts("afresh"), size="sm", min_width=140, scale=0, elem_id=page.id("afresh"))
            instead("empty_images")
            ui.gallery = gallery(
                texts("images"),
                4,
                object_fit="contain",
                buttons=["fullscreen"],
                elem_id=page.id("images"),
                elem_classes=("studio-stays",),
            )
            with gr.Row(elem_classes="studio-buttons"):
                ui.like = gr.Button(texts("like"), size="sm", min_width=140, elem_id=page.id("like"))
                ui.png, ui.zip = (
                    gr.Button(texts(name), size="sm", min_width=140, elem_id=ui.page.id(f"as-{name}"))
                    for name in ("png", "zip")
                )
                ui.link = gr.Button(texts("link"), size="sm", min_width=140, elem_id=page.id("link"))
                ui.keep = gr.Button(texts("keep"), size="sm", min_width=140, elem_id=page.id("keep"))
            ui.history_title = gr.Markdown(texts("history"), visible=False)
            ui.history = history_gallery(ui.page)
            ui.file = gr.DownloadButton(elem_id=page.id("studio-file"), elem_classes="studio-away")
            ui.chosen, ui.path = gr.Number(0, precision=0, visible=False), gr.Textbox("", visible=False)
            # inside the tab: gradio 6.31 counts whatever is beside the tabs as one of them, and then lists one twice
            ui.last, ui.query = gr.State(None), gr.Textbox(visible=False)
            build_then(page, ui.query)
            ui.before = gr.BrowserState([], storage_key=f"hf_genimg-{page.id('history-of')}")
    page.adapt([ui.count, ui.truncation, ui.mix, ui.like, *prompts.changing(ui), *conditions.changing(ui)], _updates)
    _wire(ui)
    wire_history(ui, controls_of)
    page.keeping.append((ui.keep, _chosen, [ui.query, ui.chosen]))
    return ui


def _chosen(model: Shared, query: str, number: int | None) -> tuple[str, int]:
    """How the chosen image is made again: its number among those of the address, without the model's name."""
    return (Settings.of_address(query).query, number or 0) if query else ("", 0)


def _controls(ui: SimpleNamespace, model: Shared | None) -> None:
    prompts.build(ui, model)
    with gr.Row():
        ui.seed = gr.Number(
            0,
            label=texts("seed"),
            info=texts("seed_info"),
            precision=0,
            minimum=0,
            maximum=LARGEST_SEED,
            scale=3,
            min_width=120,
        )
        ui.dice = gr.Button(texts("dice"), scale=1, min_width=100, elem_id=ui.page.id("dice"))
    able = model.capabilities if model else None
    ui.mix = gr.Slider(
        0,
        1,
        0,
        step=0.01,
        label=texts("mix"),
        info=texts("mix_info"),
        visible=bool(able and able.interpolation),
        elem_id=ui.page.id("mix"),
    )
    ui.truncation = gr.Slider(
        0,
        2,
        1,
        step=0.05,
        label=texts("truncation"),
        info=texts("truncation_info"),
        visible=bool(able and able.truncation),
    )
    ui.count = gr.Slider(1, MOST_IMAGES, 16, step=1, label=texts("count"))
    conditions.build(ui, model)
    with gr.Accordion(texts("options"), open=False):
        ui.towards = gr.Number(1000, label=texts("towards"), precision=0, minimum=0, maximum=LARGEST_SEED)
        ui.strength = gr.Slider(0, 1, STRENGTH, step=0.05, label=texts("strength"), elem_id=ui.page.id("strength"))
    with gr.Row():
        ui.go = gr.Button(texts("generate"), variant="primary", elem_id=ui.page.id("generate"))
        ui.stop = gr.Button(texts("stop"), min_width=80, scale=0)


def _updates(model: Shared) -> list[Any]:
    able = model.capabilities
    return [
        gr.update(maximum=model.most_images),
        gr.update(visible=able.truncation, **({} if able.truncation else {"value": 1})),
        gr.update(visible=able.interpolation, **({} if able.interpolation else {"value": 0})),
        gr.update(visible=able.interpolation),
        *prompts.updates(model),
        *conditions.updates(model),
    ]


def _answering(shelf: Shelf) -> Callable[[str, Settings], Iterator[Answer]]:
    def answer(model: str, settings: Settings) -> Iterator[Answer]:
        shared = shelf.find(model)
        for images in generate(shared, settings):
            made = Made(settings, picture_of(images))
            yield images, made, settings.link(shared.name), text_of_like(settings.like)

    return answer


def _generating(shelf: Shelf, answer: Callable[[str, Settings], Iterator[Answer]]) -> Callable[..., Iterator[Answer]]:
    @friendly
    def generate_(
        model: str = "",
        seed: int = 0,
        count: int = 16,
        truncation: float = 1.0,
        towards: int = 1000,
        mix: float = 0.0,
        label: int | str = -1,
        other_label: int | str = -1,
        label_mix: float = 0.0,
        mix_seed: int | None = None,
        mix_from: int | None = None,
        codes: list[float] | None = None,
        like: str = "",
        prompt: str = "",
    ) -> Iterator[Answer]:
        """Make images: image i is that of seed + i, moved by mix (0 to 1) towards that of the seed towards + i.

        Args:
            model: the name of a model of this page; the first one when left empty.
            seed: an integer of 0 or more. The same seed is the same image.
            count: how many images.
            truncation: scale of the latents, 0 to 2; below 1 images are more typical and less varied.
            towards: the seed to morph towards.
            mix: how far, from 0 to 1.
            label: the class by its name or number, for models that have classes; -1 for any.
            other_label: a class to mix that with, for models that can; -1 for none.
            label_mix: how much of the other class, from 0 to 1.
            mix_seed: a seed whose styles all images take, for models that mix styles; empty for their own.
            mix_from: from which layer on; the middle when empty.
            codes: numbers from -1 to 1, for models that have found codes: all images get these; empty for their own.
            like: numbers of images and strengths as more_like_this returns them, for images like those; else empty.
            prompt: what to make, for models that read texts.
        """
        mixing = (mix, label, other_label, label_mix, mix_seed, mix_from)
        asked = _settings(shelf, model, seed, count, truncation, towards, *mixing, codes)
        yield from answer(model, replace(asked, like=like_of_text(like), prompt=prompt))

    return generate_


def _likening(shelf: Shelf, answer: Callable[[str, Settings], Iterator[Answer]]) -> Callable[..., Iterator[Answer]]:
    @friendly
    def more_like_this(
        model: str = "",
        number: int = 0,
        strength: float = STRENGTH,
        seed: int = 0,
        count: int = 16,
        truncation: float = 1.0,
        towards: int = 1000,
        mix: float = 0.0,
        label: int | str = -1,
        other_label: int | str = -1,
        label_mix: float = 0.0,
        mix_seed: int | None = None,
        mix_from: int | None = None,
        codes: list[float] | None = None,
        like: str = "",
        prompt: str = "",
    ) -> Iterator[Answer]:
        """Make images like image `number` of those that generate makes of the other arguments, itself first.

        Args:
            model: the name of a model of this page; the first one when left empty.
            number: which image, from 0.
            strength: how different they may be, from 0 to 1.
            seed: as for generate.
            count: how many images.
            truncation: as for generate; so are the others.
            towards: likewise.
            mix: likewise.
            label: likewise.
            other_label: likewise.
            label_mix: likewise.
            mix_seed: likewise.
            mix_from: likewise.
            codes: likewise.
            like: likewise; what is returned goes one step further.
            prompt: likewise.
        """
        mixing = (mix, label, other_label, label_mix, mix_seed, mix_from)
        asked = _settings(shelf, model, seed, count, truncation, towards, *mixing, codes)
        yield from answer(model, replace(asked, like=(*like_of_text(like), (number, strength)), prompt=prompt))

    return more_like_this


def _settings(
    shelf: Shelf,
    model: str,
    seed: int,
    count: int,
    truncation: float,
    towards: int,
    mix: float,
    label: int | str | None,
    other: int | str | None,
    label_mix: float,
    mix_seed: int | None,
    mix_from: int | None,
    codes: Any,
) -> Settings:
    shared = shelf.find(model)
    label, other = label_of(shared, label), label_of(shared, other, "other_label")
    if not isinstance(codes, list | tuple | None):
        raise ValueError(f"codes={codes!r:.60} is not possible; give a list of numbers")
    return Settings(
        seed,
        count,
        truncation,
        towards,
        mix,
        label,
        other_label=other,
        label_mix=0.0 if other is None else label_mix,
        codes=tuple(codes or ()),
        mix_seed=mix_seed,
        mix_from=None if mix_seed is None else mix_from,
    )


def _wire(ui: SimpleNamespace) -> None:
    shelf = ui.page.shelf
    answer = _answering(shelf)
    generate_, more_like_this = _generating(shelf, answer), _likening(shelf, answer)
    result = [ui.gallery, ui.last, ui.query, ui.path]
    mixing = [ui.mix, ui.label, ui.other_label, ui.label_mix, ui.mix_seed, ui.mix_from]
    own = [ui.seed, ui.count, ui.truncation, ui.towards, *mixing, ui.codes]
    inputs = [ui.page.chooser, *own, ui.path, ui.prompt]
    quiet = {"show_progress": "hidden", "trigger_mode": "always_last", "api_visibility": "private", **LIVE}
    loud = {"show_progress": "minimal", **LIVE}
    made = ui.go.click(generate_, inputs, result, js=AFRESH, **ui.page.api("generate"), **loud)
    lively = inline(generate_)
    moving = (ui.mix, ui.truncation, ui.count, ui.label_mix, ui.mix_from)
    live = gr.on([slider.input for slider in moving], lively, inputs, result, **quiet)
    chosen = [ui.towards.submit, ui.mix_seed.submit, ui.label.input, ui.other_label.input]
    settled = gr.on([*chosen, *(slider.release for slider in moving)], lively, inputs, result, **quiet)
    afresh = gr.on([ui.seed.submit, ui.prompt.submit, ui.afresh.click], lively, inputs, result, js=AFRESH, **quiet)
    rolled = ui.dice.click(new_seed, None, ui.seed, api_visibility="private").then(
        lively, inputs, result, js=AFRESH, **quiet
    )
    prompted = ui.prompts.click(prompts.chosen(lively), [ui.prompts, *inputs], [*result, ui.prompt], **quiet)
    likened = [ui.page.chooser, ui.chosen, ui.strength, *own, ui.path, ui.prompt]
    close = ui.like.click(more_like_this, likened, result, **ui.page.api("more_like_this"), **loud)
    live_too, settled_too = conditions.wire(ui, lively, inputs, result, quiet)
    ui.settled = [
        made,
        settled,
        afresh,
        rolled,
        prompted,
        close,
        *settled_too,
        _wire_strength(ui, lively, inputs, result, quiet),
    ]
    ui.events = [live, live_too, *ui.settled]
    for each in ui.events:
        each.then(None, [ui.page.chooser, ui.query], None, js=SHOW_LINK)
    ui.stop.click(None, None, None, cancels=ui.events)
    ui.gallery.select(_number, None, ui.chosen, api_visibility="private", show_progress="hidden")
    ui.link.click(None, None, None, js=COPY_LINK)
    ui.path.change(lambda path: gr.update(visible=bool(path)), ui.path, ui.likes, api_visibility="private", queue=False)
    _wire_files(ui)
    begun = prompts.beginning(shelf, lively, len(result))
    ui.page.fill(begun, inputs, [*result, ui.prompt], js=(SHOW_LINK, [ui.page.chooser, ui.query]))
    ui.controls = [*own, ui.path, ui.prompt, *ui.code_sliders]


def _wire_strength(
    ui: SimpleNamespace, lively: Callable[..., Any], inputs: list[Any], result: list[Any], quiet: dict[str, Any]
) -> Any:
    """Another strength holds for the images that are shown, where they are like another, and for the next."""

    @friendly
    def changed(strength: float, *rest: Any) -> Iterator[Any]:
        *usual, path, prompt = rest
        like = like_of_text(path)
        if not like:
            yield (gr.skip(),) * len(result)
        else:
            yield from lively(*usual, text_of_like((*like[:-1], (like[-1][0], strength))), prompt)

    return ui.strength.release(changed, [ui.strength, *inputs], result, **quiet)


def _number(event: gr.SelectData) -> int:
    return event.index


def _wire_files(ui: SimpleNamespace) -> None:
    @friendly
    def chosen_png(model: str, query: str, number: int | None) -> str:
        return str(
            save_one(
                remade(ui.page.shelf.find(model), query), number, Path(tempfile.mkdtemp(dir=cache_folder(ui.gallery)))
            )
        )

    @friendly
    def all_zip(model: str, query: str) -> str:
        return str(
            save_all(remade(ui.page.shelf.find(model), query), Path(tempfile.mkdtemp(dir=cache_folder(ui.gallery))))
        )

    hidden = {"api_visibility": "private", "show_progress": "hidden", **LIVE}
    click = CLICK_HIDDEN % ui.file.elem_id
    ui.png.click(chosen_png, [ui.page.chooser, ui.query, ui.chosen], ui.file, **hidden).success(
        None, None, None, js=click
    )
    ui.zip.click(all_zip, [ui.page.chooser, ui.query], ui.file, **hidden).success(None, None, None, js=click)


def controls_of(settings: Settings) -> list[Any]:
    """The values of the controls, in the order of `ui.controls`."""
    return [
        settings.seed,
        settings.count,
        settings.truncation,
        settings.towards,
        settings.mix,
        *conditions.values_of(settings),
    ]
