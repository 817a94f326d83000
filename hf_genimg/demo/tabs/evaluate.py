"""The Evaluate tab: the scores of a model against its data, measured in the page."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import gradio as gr

from .. import closer, score_tables
from ..models import Shared
from ..texts import say
from ._page import Page, cache_folder, friendly, texts

PROGRESS = gr.Progress()  # a stand-in, which gradio replaces for each request
SCORED = 500  # images, unless a visitor chooses another number
STEPS = 50


def build(page: Page) -> None:
    """Lay the tab out and wire it; only where a model of the page has its folder and its data here."""
    if not any(model.folder is not None and closer.data_of(model) for model in page.models):
        return
    with page.tab("evaluate"):
        missing = gr.Markdown(texts("no_data"), visible=False, elem_id=page.id("evaluate-missing"))
        with gr.Column() as panel:
            gr.Markdown(texts("evaluate_info"))
            with gr.Row(elem_classes="studio-row-down"):
                metrics = gr.CheckboxGroup(
                    _choices(), value=["fid", "kid"], label=texts("which_scores"), elem_id=page.id("evaluate-scores")
                )
                num = gr.Slider(
                    closer.FEWEST,
                    closer.MOST_SCORED,
                    SCORED,
                    step=STEPS,
                    label=texts("scored_images"),
                    elem_id=page.id("evaluate-num"),
                )
            with gr.Row():
                go = gr.Button(texts("evaluate"), variant="primary", elem_id=page.id("evaluate-go"))
                stop = gr.Button(texts("stop"), min_width=80, scale=0)
            nothing = gr.Markdown(texts("empty_scores"), elem_classes="studio-empty", elem_id=page.id("evaluate-empty"))
            result = gr.Markdown(elem_id=page.id("evaluate-result"), elem_classes="studio-facts", min_height=60)
            file = gr.DownloadButton(texts("scores_file"), visible=False, elem_id=page.id("evaluate-file"))

    @friendly
    def evaluate_(
        model: str, metrics: list[str], num: int = SCORED, progress: gr.Progress = PROGRESS
    ) -> tuple[str, Any, Any]:
        def show(what: str, done: int, of: int) -> None:
            progress((done, of), desc=say("scoring" if what == "scores" else "seeing"))

        report = closer.score(page.shelf.find(model), metrics, int(num), show)
        written = closer.save_scores(report, Path(tempfile.mkdtemp(dir=cache_folder(file))))
        return score_tables.table(report), gr.update(value=str(written), visible=True), gr.update(visible=False)

    limits: dict[str, Any] = {"concurrency_id": "evaluate", "concurrency_limit": 1}
    outputs = [result, file, nothing]
    scored = go.click(evaluate_, [page.chooser, metrics, num], outputs, api_visibility="private", **limits)
    stop.click(None, None, None, cancels=[scored])

    def able(model: Shared) -> list[Any]:
        here = model.folder is not None and closer.data_of(model) is not None
        emptied = ["", gr.update(value=None, visible=False), gr.update(visible=True)]
        return [gr.update(visible=here), gr.update(visible=not here), *emptied]

    page.adapt([panel, missing, *outputs], able)


def _choices() -> list[tuple[str, str]]:
    """The field's names are the same in both languages."""
    return [(f"{score_tables.WORDS[name][0]} {score_tables.arrow(name)}".strip(), name) for name in closer.METRICS]
