"""Of the Translate tab: a mask that is painted over the picture, for models that fill something in."""

from __future__ import annotations

from typing import Any

import gradio as gr
from PIL import Image

from .. import uploads
from ..models import Shared
from ._brush import brush
from ._given import Given
from ._page import LIVE, Page, friendly, texts

COLOUR = "#e11d48"  # seen on light and dark pictures; what counts is where it is, not what it is
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", **LIVE}


def editor(page: Page) -> gr.ImageEditor:
    """A brush and an eraser over a picture, which is read by `uploads.painted` and by nothing else."""
    return brush(
        uploads.painted,
        label=texts("paint"),
        brush=gr.Brush(default_size=24, colors=[COLOUR], default_color=COLOUR, color_mode="fixed"),
        eraser=gr.Eraser(default_size=24),
        canvas_size=(uploads.SHOWN, uploads.SHOWN),
        height=460,
        elem_id=page.id("paint"),
    )


def takes_mask(model: Shared | None) -> bool:
    """Whether there is something to paint."""
    return bool(model and model.capabilities.mask)


def wire(page: Page, paint: gr.ImageEditor, given: Given, mask: gr.Image, go: gr.Button) -> Any:
    """Lay the picture under the brush whenever there is another, and make a mask of what was painted when that is asked
    for.

    Returns the event after which the mask is there.
    """

    def lay(model: str, shown: Image.Image | None) -> tuple[Any, Any]:
        shared = page.shelf.find(model)
        under = uploads.canvas(shared, shown) if takes_mask(shared) else None
        return None if under is None else {"background": under, "layers": [], "composite": None}, None

    def take(painted: Image.Image | None) -> Any:
        return gr.skip() if painted is None else painted

    for event in given.arrivals:
        event(friendly(lay), [page.chooser, given.place], [paint, mask], **QUIET)
    page.fill(lay, [page.chooser, given.place], [paint, mask])
    return go.click(friendly(take), paint, mask, **QUIET)
