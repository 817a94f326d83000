"""Galleries: how they look, and small pictures that come with the answer instead of as files."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import gradio as gr
from gradio.components.gallery import GalleryData, GalleryImage
from gradio.data_classes import ImageData
from gradio.processing_utils import encode_pil_to_bytes
from PIL import Image

MOST_PIXELS = 2**18  # of all pictures of an answer, for them to come with it: 256 of 32 by 32


class Inline(list[Image.Image]):
    """Pictures for a gallery of this module that come with the answer: nothing is written to disk, and the page fetches
    nothing.
    """


def gallery(label: Any, columns: int, *, elem_classes: tuple[str, ...] = (), **more: Any) -> gr.Gallery:
    """A gallery of what a model made, or of what it may be given; `more` as for gr.Gallery.

    Its pixels are shown as they are. It takes lists of pictures as gr.Gallery does, and `Inline`.
    """
    shown = gr.Gallery(
        label=label,
        show_label=False,
        columns=columns,
        height="auto",
        format="png",
        interactive=False,
        allow_preview=False,
        elem_classes=["pixels", "whole", *elem_classes],
        **more,
    )
    plain = shown.postprocess
    shown.postprocess = lambda value: _inline(value) if isinstance(value, Inline) else plain(value)
    return shown


def inline(generate: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    """`generate`, which yields pictures and more, with pictures that are few and small enough `Inline`."""

    @wraps(generate)
    def inlined(*arguments: Any) -> Iterator[Any]:
        for images, *rest in generate(*arguments):
            small = sum(image.width * image.height for image in images) <= MOST_PIXELS
            yield Inline(images) if small else images, *rest

    return inlined


def _inline(images: Inline) -> GalleryData:
    return GalleryData(
        root=[GalleryImage(image=ImageData(url=_data_url(image), mime_type="image/png")) for image in images]
    )


def _data_url(image: Image.Image) -> str:
    """The PNG that gradio would write, provenance and all."""
    return f"data:image/png;base64,{base64.b64encode(encode_pil_to_bytes(image)).decode()}"
