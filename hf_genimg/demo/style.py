"""How the page looks."""

from __future__ import annotations

import gradio as gr

from . import dragging, lightbox

CSS = """
.gradio-container { max-width: 1280px !important; width: 100% !important; margin: 0 auto !important; }
.gradio-container > *, .gradio-container main, .gradio-container .contain { width: 100%; min-width: 0; }
.gradio-container .tabs { width: 100%; min-width: 0; }
[role=tab][aria-selected=true] { color: var(--primary-700) !important; }
.dark [role=tab][aria-selected=true] { color: var(--primary-300) !important; }
.studio-away { display: none !important; }
.pixels img { image-rendering: pixelated; }
.pixels .image-frame img { width: 100%; height: 100%; object-fit: contain; }
.large img { min-height: 260px; }
.studio-note, .studio-note * { color: var(--body-text-color-subdued) !important; }
.studio-note { font-size: .9em; }
.block.studio-instead { display: none; padding: 12px; border: 1px dashed var(--border-color-primary); }
.block.studio-instead:has(+ .block .empty) { display: block; }
.block.studio-instead + .block:has(.empty), .block:has(> .empty.small_parent) { display: none; }
.block.studio-heading:has(+ .studio-instead + .block .empty) { display: none; }
.whole .grid-wrap { max-height: none; min-height: 0; overflow: visible; }
.whole .grid-container { min-width: 0; }
.studio-examples .grid-container { grid-template-columns: repeat(4, minmax(0, 1fr)) !important; }
.studio-history .grid-container { grid-template-columns: repeat(8, minmax(0, 1fr)) !important; }
.studio-history .thumbnail-item { aspect-ratio: 1; height: auto !important; min-height: 0; }
.studio-history .caption-label { display: none; }
.nav-holder { display: none !important; }
#job-status progress {
  width: 100%; height: 10px; border: 0; border-radius: 5px; overflow: hidden; appearance: none;
  background: var(--neutral-200);
}
.dark #job-status progress { background: var(--neutral-700); }
#job-status progress::-webkit-progress-bar { background: transparent; }
#job-status progress::-webkit-progress-value { background: var(--primary-600); }
#job-status progress::-moz-progress-bar { background: var(--primary-600); }
#job-command code { white-space: pre-wrap !important; overflow-wrap: anywhere; }
#job-status h2 { font-size: 1.1em; margin: 8px 0; }
#job-status .job-line { overflow-wrap: anywhere; }
.studio-pair { max-width: 720px; }
.studio-pair img { width: 100%; }
.studio-facts table { display: block; overflow-x: auto; border: 0 !important; }
.block.studio-empty { padding: 12px; border: 1px dashed var(--border-color-primary); border-radius: 8px; }
input[type=range]::-webkit-slider-thumb { border: 2px solid var(--primary-600) !important; }
input[type=range]::-moz-range-thumb { border: 2px solid var(--primary-600) !important; }
.gradio-container code .token { color: inherit !important; background: none !important; }
footer .divider { display: none !important; }
.studio-facts td { min-width: 110px; overflow-wrap: anywhere; }
.studio-facts summary { cursor: pointer; padding: 4px 0; }
.studio-facts small { color: var(--body-text-color-subdued); }
@media (max-width: 700px) {
  .gradio-container { padding: 8px !important; overflow-x: hidden; }
  .studio-row { flex-direction: column-reverse !important; }
  .studio-row:has(> .studio-pictures) { flex-direction: column !important; }
  .studio-row > .studio-pictures { display: contents; }
  .studio-pictures > .studio-stays { order: -1; max-height: 45vh; overflow-y: auto !important; }
  .studio-pictures > :not(.studio-stays) { order: 1; width: 100%; }
  .overflow-dropdown { z-index: 101 !important; }
  .studio-stays { position: sticky !important; top: 0; z-index: 100; background: var(--body-background-fill); }
  .studio-stays.column img { max-height: 38vh; object-fit: contain; }
  .studio-row-down { flex-direction: column !important; }
  .studio-row > *, .studio-row-down > * { width: 100% !important; min-width: 0 !important; flex: none !important; }
  .whole .grid-container {
    grid-template: none / repeat(4, minmax(0, 1fr)) !important; grid-auto-rows: auto !important;
  }
  .whole .thumbnail-item { aspect-ratio: 1; height: auto !important; min-width: 0; min-height: 0; }
  .studio-history .grid-container { grid-template-columns: repeat(5, minmax(0, 1fr)) !important; }
  .studio-pair { flex-wrap: nowrap !important; }
  .studio-facts table { display: table; table-layout: fixed; width: 100%; }
  .studio-facts :is(td, th) { padding: 4px 6px !important; font-size: .85em; min-width: 0; overflow-wrap: anywhere; }
  .studio-narrow .icon-wrap { display: none; }
  .studio-thirds .grid-container { grid-template-columns: repeat(3, minmax(0, 1fr)) !important; }
  .row:has(> .studio-answer) { display: contents !important; }
  .studio-pair > * { min-width: 0 !important; }
  .whole .caption-label { padding: 0 4px !important; font-size: .65em !important; }
}
"""
CSS += lightbox.CSS + dragging.CSS


def theme() -> gr.themes.Base:
    """Fonts and colours that come with gradio; texts of a contrast of at least 4.5 to what is behind them."""
    soft = gr.themes.Soft(primary_hue="indigo", neutral_hue="slate", radius_size="md", font=["system-ui", "sans-serif"])
    return soft.set(
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_300",
        block_label_text_color="*primary_700",
        block_title_text_color="*primary_700",
        block_label_text_color_dark="white",
        block_title_text_color_dark="white",
        checkbox_label_background_fill_selected="*primary_600",
        input_border_width="1px",
        input_border_color="*neutral_400",
        input_border_color_dark="*neutral_600",
        button_border_width="1px",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_600",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
    )
