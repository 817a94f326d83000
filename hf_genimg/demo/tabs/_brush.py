"""Brushes of gradio's editor: what is drawn is read by our own functions and by nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr
from PIL import Image


def brush(read_layers: Callable[[list[Any]], Image.Image | None], **settings: Any) -> gr.ImageEditor:
    """A brush and an eraser; a handler is given what `read_layers` makes of the layers, or the mistake where they
    cannot be read, which `friendly` raises. settings: as for gr.ImageEditor.
    """
    place = gr.ImageEditor(
        type="pil",
        format="png",
        image_mode="RGBA",
        sources=(),
        transforms=(),
        layers=False,
        buttons=[],
        **settings,
    )

    def read(payload: Any) -> Image.Image | ValueError | None:
        if payload is None:
            return None
        kept = place.blob_storage.pop(payload.id, None) if payload.id else None
        files = [layer.path for layer in payload.layers if not (layer.url or "").startswith("data:")]
        try:
            return read_layers(kept.layers if kept else files)
        except ValueError as error:
            return error

    place.preprocess = read
    return place
