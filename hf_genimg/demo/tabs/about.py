"""The tabs that tell: Compare and About."""

from __future__ import annotations

from typing import Any

import gradio as gr
from PIL import Image

from .. import about
from ..handlers import generate
from ..models import Shared
from ..settings import LARGEST_SEED, Settings, check
from ._gallery import gallery
from ._page import LIVE, QUIET, Page, friendly, texts


def build_introduction(page: Page) -> None:
    """What the page is: the model, its task, and what to try."""
    text = about.introduction(page.first) if page.first else ""
    shown = gr.Markdown(text, visible=bool(text), elem_id=page.id("introduction"))
    page.adapt([shown], lambda model: [gr.update(value=about.introduction(model), visible=True)])


def build_compare(page: Page) -> None:
    """Two models side by side from the same seeds, with their scores. Only where there are two."""
    names = [model.name for model in page.shelf.models if model.generates]
    if len(names) < 2:
        return  # there is nothing to compare with
    with page.tab("compare"):
        with gr.Row(elem_classes="studio-row-down"):
            seed = gr.Number(0, label=texts("seed"), precision=0, minimum=0, maximum=LARGEST_SEED, min_width=110)
            count = gr.Slider(1, 32, 9, step=1, label=texts("count"), min_width=160)
        prompt = _prompt(page)
        with gr.Row():
            columns = [_side(page, names, number) for number in (0, 1)]
        verdict = gr.Markdown(elem_id=page.id("verdict"), elem_classes="studio-facts")

    @friendly
    def compare(
        one: str, other: str, seed: int = 0, count: int = 9, prompt: str = ""
    ) -> tuple[list[Image.Image], list[Image.Image], str]:
        """Make images of the same seeds with two models, and say what their scores say.

        Args:
            one: the name of a model of this page.
            other: the name of another.
            seed: an integer of 0 or more.
            count: how many images of each.
            prompt: what to make, for models that read texts; when empty, the first of their examples.
        """
        models = [page.shelf.find(name) for name in (one, other)]
        asked = [_asked(model, seed, count, prompt) for model in models]
        for model, settings in zip(models, asked, strict=True):
            check(model, settings)
        images = [list(generate(model, settings))[-1] for model, settings in zip(models, asked, strict=True)]
        return images[0], images[1], about.verdicts(*models)

    inputs, outputs = [columns[0][0], columns[1][0], seed, count, prompt], [columns[0][1], columns[1][1], verdict]
    live: dict[str, Any] = {"show_progress": "hidden", "trigger_mode": "always_last", **LIVE}
    gr.on(
        [seed.input, count.input, prompt.submit, *(side[0].input for side in columns)],
        compare,
        inputs,
        outputs,
        **page.api("compare"),
        **live,
    )

    def again(model: str, *rest: Any) -> Any:
        return compare(*rest)

    _follow(page, names, [side[0] for side in columns], prompt)
    page.refill("compare", again, [page.chooser, *inputs], outputs)


def _follow(page: Page, names: list[str], sides: list[gr.Dropdown], prompt: gr.Textbox) -> None:
    """Compare begins with the chosen model beside another of its task, else beside any other; and there is a prompt
    where one of the two reads it.
    """

    def reads(one: str, other: str) -> Any:
        return gr.update(visible=any(page.shelf.find(name).capabilities.text for name in (one, other)))

    def begun(model: Shared) -> list[Any]:
        if model.name not in names:
            return [gr.skip()] * 3
        others = [each for each in page.shelf.models if each.generates and each.name != model.name]
        alike = [each.name for each in others if each.capabilities.task == model.capabilities.task]
        one, other = [model.name, *alike, *(each.name for each in others)][:2]
        return [one, other, reads(one, other)]

    page.adapt([*sides, prompt], begun)
    gr.on([side.input for side in sides], friendly(reads), sides, prompt, queue=False, **QUIET)


def _prompt(page: Page) -> gr.Textbox:
    return gr.Textbox(
        "",
        label=texts("prompt"),
        info=texts("prompt_info"),
        visible=page.any_model(lambda model: model.capabilities.text),
        elem_id=page.id("compare-prompt"),
    )


def _asked(model: Shared, seed: int, count: int, prompt: str) -> Settings:
    """As many images as the model makes at once; of an example where it needs a prompt, and there is none."""
    words = (prompt.strip() or model.example_prompt()) if model.capabilities.text else ""
    return Settings(seed, min(count, model.most_images), prompt=words)


def _side(page: Page, names: list[str], number: int) -> tuple[gr.Dropdown, gr.Gallery]:
    with gr.Column(min_width=150):
        label, narrow = texts(("one", "two")[number]), ["studio-narrow"]
        name = gr.Dropdown(names, value=names[number], label=label, min_width=120, elem_classes=narrow)
        place = {"elem_id": page.id(f"compare-{number + 1}"), "elem_classes": ("studio-thirds",)}
        shown = gallery(texts("images"), 3, buttons=["fullscreen"], **place)
    return name, shown


def build_about(page: Page) -> None:
    """Facts, scores with their protocol, grids over time, losses, and the card."""
    with page.tab("about"):
        with gr.Row():
            with gr.Column(scale=3, min_width=280):
                facts = gr.Markdown(elem_id=page.id("facts"), elem_classes="studio-facts")
            with gr.Column(scale=2, min_width=280):
                heading = gr.Markdown(texts("grids"))
                grids = gr.Gallery(
                    label=texts("grids"),
                    show_label=False,
                    columns=2,
                    height="auto",
                    format="png",
                    interactive=False,
                    buttons=["fullscreen"],
                    elem_classes="studio-grids",
                    object_fit="contain",
                )
                losses = gr.Markdown(texts("curve"))
                curve = gr.Image(
                    label=texts("curve"),
                    show_label=False,
                    format="png",
                    interactive=False,
                    buttons=["fullscreen"],
                    alt_text=texts("alt_losses"),
                )
        with gr.Accordion(texts("card"), open=False) as accordion:
            card = gr.Markdown()
        asked = gr.Button(visible=False)  # by programs

    @friendly
    def about_(model: str = "") -> tuple[Any, ...]:
        """Say what a model is, what it must not be used for, and its scores with their protocol.

        Args:
            model: the name of a model of this page; the first one when left empty.
        """
        shared = page.shelf.find(model)
        shown, losses, text = about.grids(shared), about.curve(shared), about.card(shared)
        there = gr.update(visible=bool(shown)), gr.update(visible=losses is not None), gr.update(visible=bool(text))
        pictures = gr.update(value=shown, visible=bool(shown)), gr.update(value=losses, visible=losses is not None)
        return about.facts(shared), *pictures, text, *there

    outputs = [facts, grids, curve, card, heading, losses, accordion]
    asked.click(about_, page.chooser, outputs, **page.api("about"), show_progress="hidden", **LIVE)
    page.fill(about_, [page.chooser], outputs)
