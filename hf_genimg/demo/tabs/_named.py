"""Sliders of the directions that came with a model under their names."""

from __future__ import annotations

from typing import Any

import gradio as gr

from .. import explore
from ..models import Shared
from ._page import Page, texts


def named_sliders(page: Page, name: str) -> tuple[gr.Markdown, list[gr.Slider]]:
    """A line, and a slider for each named direction that the chosen model came with; hidden where it has none."""

    line = gr.Markdown(texts("named_info"), visible=bool(page.first and explore.names_of(page.first)))
    sliders = [
        gr.Slider(-3, 3, **each, step=0.05, elem_id=page.id(f"{name}-{number}"))
        for number, each in enumerate(_sliders(page.first), 1)
    ]
    page.adapt([line, *sliders], named_updates)
    return line, sliders


def named_updates(model: Shared) -> list[Any]:
    """What `named_sliders` gave, as it is for a model."""
    return [gr.update(visible=bool(explore.names_of(model))), *(gr.update(**each) for each in _sliders(model))]


def _sliders(model: Shared | None) -> list[dict[str, Any]]:
    names = explore.names_of(model) if model else []
    empty = [{"label": "", "visible": False, "value": 0}] * (explore.NAMED - len(names))
    return [{"label": name, "visible": True, "value": 0} for name in names] + empty
