"""The page: its tabs, what changes with the model, and how it is served."""

from __future__ import annotations

import os
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported: nothing leaves this machine

import gradio as gr

from .handlers import Settings
from .models import Shelf
from .style import CSS, theme
from .tabs import generate
from .tabs._page import WAITING, Page, friendly, texts

LARGEST_UPLOAD = "12mb"
FORGET = (300, 1800)  # seconds: how often old files are looked for, and how old they are


class Studio(gr.Blocks):
    """Blocks that come with their theme, style, languages and limits however they are launched."""

    def launch(self, *arguments: Any, **settings: Any) -> Any:
        """As in gradio; whatever is given wins."""
        ours = {"theme": theme(), "css": CSS, "i18n": texts, "max_file_size": LARGEST_UPLOAD, "footer_links": ["api"], "run_history": False}
        return super().launch(*arguments, **{**ours, **settings})


def build(models: Any = (), *, any_model: bool = False) -> Studio:
    """The page for one model or several.

    Args:
        models: run directories, pipeline directories, Hub ids or pipelines; one of these, or several.
        any_model: let visitors type any Hub id.

    Raises as `Shelf`.
    """
    shelf = Shelf(models, any_model=any_model)
    with Studio(title="hf_genimg studio", delete_cache=FORGET, analytics_enabled=False) as demo:
        page = Page(shelf, _chooser(shelf))
        with gr.Tabs() as tabs, gr.Tab(texts("generate"), id="generate"):
            made = generate.build(page)
        gr.Markdown(texts("fakes"), elem_classes="studio-note")
        _wire(demo, page, made, tabs)
    demo.queue(max_size=WAITING, default_concurrency_limit=4)
    return demo


def _chooser(shelf: Shelf) -> gr.Dropdown:
    several = len(shelf.names) > 1 or shelf.any_model
    label = texts("hub_id" if shelf.any_model else "model")
    first = next(iter(shelf.names), None)
    return gr.Dropdown(shelf.names, value=first, label=label, allow_custom_value=shelf.any_model, visible=several, elem_id="model")


def _wire(demo: Studio, page: Page, made: Any, tabs: Any) -> None:
    changing = [component for components, _ in page.adapters for component in components]

    def updates(model: str) -> list[Any]:
        shared = page.shelf.find(model)
        return [update for _, updates in page.adapters for update in updates(shared)]

    @friendly
    def adapt(model: str) -> list[Any]:
        return updates(model)

    @friendly
    def arrive(request: gr.Request) -> list[Any]:
        query = dict(request.query_params)
        model = query.get("model") if query.get("model") in page.shelf.names else next(iter(page.shelf.names), None)
        asked = Settings.of_query(query)
        label = -1 if asked.label is None else asked.label
        start = [asked.seed, min(asked.count, page.shelf.find(model).most_images), asked.truncation, asked.towards, asked.mix, label]
        return [model, *start]

    hidden = {"api_visibility": "private", "show_progress": "hidden"}
    if page.shelf.names:
        arrived = demo.load(arrive, None, made.inputs, **hidden)
        arrived.then(made.generate, made.inputs, made.result, **hidden)
    changed = page.chooser.input(adapt, page.chooser, changing, **hidden)
    changed.success(made.generate, made.inputs, made.result, **hidden)
