"""Of the Generate tab: the prompt, and prompts from the captions that the model was trained on, to choose from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import gradio as gr

from ..models import Shared, Shelf
from ._page import texts

SHOWN = 6  # prompts to choose from


def build(ui: SimpleNamespace, model: Shared | None) -> None:
    """Lay both out."""
    prompts = _prompts(model)
    ui.prompt = gr.Textbox(
        "",
        label=texts("prompt"),
        lines=2,
        submit_btn=False,
        visible=bool(model and model.capabilities.text),
        elem_id=ui.page.id("prompt"),
    )
    ui.prompts = gr.Dataset(
        components=[ui.prompt],
        samples=_samples(prompts),
        label=texts("try_prompts"),
        visible=bool(prompts),
        elem_id=ui.page.id("prompts"),
    )


def _prompts(model: Shared | None) -> tuple[str, ...]:
    return model.capabilities.prompts[:SHOWN] if model else ()


def _samples(prompts: tuple[str, ...]) -> list[list[str]]:
    return [[prompt] for prompt in prompts] or [[""]]  # gradio takes no empty list


def changing(ui: SimpleNamespace) -> list[Any]:
    """What another model changes; `updates` are in this order."""
    return [ui.prompt, ui.prompts]


def updates(model: Shared) -> list[Any]:
    """For this model, with no prompt: `beginning` fills it in."""
    prompts = _prompts(model)
    return [
        gr.update(visible=model.capabilities.text, value=""),
        gr.Dataset(samples=_samples(prompts), visible=bool(prompts)),
    ]


def beginning(shelf: Shelf, generate: Callable[..., Iterator[Any]], outputs: int) -> Callable[..., Any]:
    """`generate`, whose last argument is the prompt, for a page that was just opened: a model that needs a prompt and
    has none yet begins with the first of its examples; without examples it makes nothing.

    Returns what `generate` does, and the prompt.
    """

    def begun(model: str, *settings: Any) -> Iterator[Any]:
        shared, prompt = shelf.find(model), settings[-1]
        if shared.capabilities.text and not prompt:
            prompt = shared.example_prompt()
            if not prompt:
                yield [], *[gr.skip()] * outputs
                return
        for number, answer in enumerate(generate(model, *settings[:-1], prompt)):
            yield *answer, gr.skip() if number else prompt  # a visitor may type before the last image is there

    return begun


def chosen(generate: Callable[..., Iterator[Any]]) -> Callable[..., Any]:
    """`generate`, whose last two arguments are what images are like and the prompt, of the example that was clicked on.

    Returns what `generate` does, and the prompt.
    """

    def generated(sample: list[str], model: str, *settings: Any) -> Iterator[Any]:
        for answer in generate(model, *settings[:-2], "", sample[0]):
            yield *answer, sample[0]

    return generated
