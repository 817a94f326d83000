"""Of the Explore tab: the style-mixing matrix, for models that mix styles."""

from __future__ import annotations

import gradio as gr
from PIL import Image

from ..mixing import matrix
from ..models import Shared
from ..settings import MOST_LAYERS
from ._given import shown_picture
from ._page import LONG, Page, friendly, texts


def build(page: Page) -> None:
    """Lay it out and wire it; nothing where no model can mix styles."""
    if not page.any_model(lambda model: bool(model.capabilities.mixing_layers)) and page.shelf.jobs is None:
        return
    first = page.first
    mixes = bool(first and first.capabilities.mixing_layers)
    with gr.Accordion(texts("matrix"), open=False, visible=mixes, elem_id=page.id("matrix")) as opened:
        gr.Markdown(texts("matrix_info"), elem_classes="studio-note")
        with gr.Row():
            rows = gr.Textbox("1, 2, 3, 4", label=texts("matrix_rows"), min_width=160, elem_id=page.id("matrix-rows"))
            columns = gr.Textbox(
                "5, 6, 7, 8", label=texts("matrix_columns"), min_width=160, elem_id=page.id("matrix-columns")
            )
            start = gr.Slider(
                1, MOST_LAYERS - 1, 1, step=1, label=texts("mix_from"), min_width=160, elem_id=page.id("matrix-from")
            )
        go = gr.Button(texts("make_matrix"), variant="primary", elem_id=page.id("matrix-go"))
        shown = shown_picture("matrix", page.id("matrix-image"), show_label=False, height=None)

    @friendly
    def style_mixing(model: str = "", rows: str = "1, 2", columns: str = "3, 4", start: int = 1) -> Image.Image:
        """Make a matrix of images that mix the styles of seeds: rows keep the first layers, columns give the others.

        Args:
            model: the name of a model of this page; the first one when left empty.
            rows: two to eight seeds with commas between them.
            columns: likewise.
            start: the first layer whose styles are the column's, from 1.
        """
        return matrix(page.shelf.find(model), rows, columns, int(start))

    def updates(model: Shared) -> list[object]:
        layers = model.capabilities.mixing_layers
        return [
            gr.update(visible=bool(layers), open=False),
            gr.update(maximum=max(2, layers - 1), value=max(1, layers // 2)),
            None,
        ]

    page.adapt([opened, start, shown], updates)
    go.click(style_mixing, [page.chooser, rows, columns, start], shown, **page.api("style_mixing"), **LONG)
