"""Below a translation: where the picture was changed, and by how much."""

from __future__ import annotations

import math
from typing import Any

import gradio as gr
from PIL import Image

from ..residual import residual
from ..texts import say
from ._given import shown_picture
from ._page import LIVE, friendly, texts


def build_changed(result: gr.ImageSlider) -> None:
    """Lay out the residual map and the PSNR to the input; both follow what `result` shows."""
    line = gr.Markdown(elem_id="translate-psnr")
    with gr.Accordion(texts("changed"), open=False, elem_id="translate-changed"):
        named = {"show_label": False, "alt_text": texts("changed")}
        shown = shown_picture("changed", "translate-residual", height=260, **named)
        gr.Markdown(texts("changed_info"), elem_classes="studio-note")

    @friendly
    def compare(pair: tuple[Image.Image | None, Image.Image | None] | None) -> tuple[Any, str]:
        if pair is None or None in pair:
            return None, ""
        image, level = residual(*pair)
        if math.isinf(level):
            return image, say("unchanged")
        return image, say("distance_to_input", psnr=level)

    result.change(
        compare,
        result,
        [shown, line],
        api_visibility="private",
        show_progress="hidden",
        trigger_mode="always_last",
        **LIVE,
    )
