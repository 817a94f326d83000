"""What is read where nothing is shown yet: a sentence, and what to do, instead of an empty box."""

from __future__ import annotations

import gradio as gr

from ._page import texts


def instead(text: str) -> None:
    """The sentence `text`, in place of the component that is laid out next while that is empty; see style.py."""
    gr.Markdown(texts(text), elem_classes="studio-instead")
