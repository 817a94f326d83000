"""How the page looks."""

from __future__ import annotations

import gradio as gr

CSS = """
.gradio-container { max-width: 1280px !important; margin: 0 auto !important; }
.pixels img { image-rendering: pixelated; }
.studio-note { opacity: .7; font-size: .9em; }
@media (max-width: 700px) { .studio-row { flex-direction: column-reverse !important; } }
"""


def theme() -> gr.themes.Base:
    """Fonts and colours that come with gradio."""
    return gr.themes.Soft(primary_hue="indigo", neutral_hue="slate", radius_size="md")
