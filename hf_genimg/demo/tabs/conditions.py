"""Of the Generate tab: the class, a second one to mix it with, whose styles are mixed in, and codes that the model
found; each only where the model has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import gradio as gr

from ..models import Shared
from ..settings import LARGEST_SEED, MOST_LAYERS, Settings, text_of_like
from ..texts import say
from ._page import friendly, texts

SLIDERS = 6  # codes that can be moved by hand


def build(ui: SimpleNamespace, model: Shared | None) -> None:
    """Lay the controls out."""
    able = model.capabilities if model else None
    classes, soft, codes = (
        bool(able and each) for each in (able and able.num_classes, able and able.soft_labels, able and able.codes)
    )
    with gr.Row():
        ui.label, ui.other_label = (
            gr.Dropdown(
                _labels(model),
                value=-1,
                label=texts(text),
                visible=visible,
                elem_id=ui.page.id(elem_id),
                min_width=120,
                allow_custom_value=True,  # for the classes are those of the model that is asked: `label_of`
            )
            for text, visible, elem_id in (("class", classes, "label"), ("other_label", soft, "other-label"))
        )
    ui.label_mix = gr.Slider(
        0, 1, 0.5, step=0.01, label=texts("label_mix"), visible=soft, elem_id=ui.page.id("label-mix")
    )
    _build_mixing(ui, model)
    with gr.Column(visible=codes) as ui.code_panel:
        gr.Markdown(texts("codes"), elem_classes="studio-note")
        ui.code_sliders = [
            gr.Slider(
                -1,
                1,
                0,
                step=0.02,
                label=texts(f"code_{i + 1}"),
                visible=bool(able and i < able.codes),
                elem_id=ui.page.id(f"code-{i + 1}"),
            )
            for i in range(SLIDERS)
        ]
        ui.own_codes = gr.Button(texts("own_codes"), size="sm", elem_id=ui.page.id("own-codes"))
    ui.codes = gr.JSON(None, visible=False)
    numbers = {"type": "array", "items": {"type": "number"}}
    ui.codes.api_info = lambda: {"anyOf": [numbers, {"type": "null"}]}  # what gradio says of JSON is no schema
    for dropdown in (ui.label, ui.other_label):
        dropdown.api_info = lambda: {"anyOf": [{"type": "integer"}, {"type": "string"}]}


def _build_mixing(ui: SimpleNamespace, model: Shared | None) -> None:
    """Whose styles are mixed in, and from which layer on."""
    mixes = bool(model and model.capabilities.mixing_layers)
    with gr.Row():
        ui.mix_seed = gr.Number(
            None,
            label=texts("mix_seed"),
            precision=0,
            minimum=0,
            maximum=LARGEST_SEED,
            visible=mixes,
            elem_id=ui.page.id("mix-seed"),
            min_width=120,
        )
        ui.mix_from = gr.Slider(
            1,
            MOST_LAYERS - 1,  # of any model; the page shows the layers of the chosen one
            _middle_layer(model),
            step=1,
            label=texts("mix_from"),
            visible=mixes,
            elem_id=ui.page.id("mix-from"),
        )


def _last_layer(model: Shared | None) -> int:
    return max(2, model.capabilities.mixing_layers - 1 if model else 2)  # gradio takes no slider of one place


def _middle_layer(model: Shared | None) -> int:
    return max(1, model.capabilities.mixing_layers // 2 if model else 1)


def _labels(model: Shared | None) -> list[tuple[Any, int]]:
    names = model.class_names if model and model.generates and model.capabilities.num_classes else []
    return [(say("any_class"), -1), *((name, number) for number, name in enumerate(names))]


def changing(ui: SimpleNamespace) -> list[Any]:
    """What another model changes; `updates` are in this order."""
    mixing = [ui.mix_seed, ui.mix_from]
    return [ui.label, ui.other_label, ui.label_mix, *mixing, ui.code_panel, ui.codes, *ui.code_sliders]


def updates(model: Shared) -> list[Any]:
    """What this model has, with nothing chosen."""
    able, labels = model.capabilities, _labels(model)
    soft = model.generates and able.soft_labels
    return [
        gr.update(visible=bool(model.generates and able.num_classes), choices=labels, value=-1),
        gr.update(visible=soft, choices=labels, value=-1),
        gr.update(visible=soft, value=0.5),
        gr.update(visible=bool(able.mixing_layers), value=None),
        gr.update(visible=bool(able.mixing_layers), maximum=_last_layer(model), value=_middle_layer(model)),
        gr.update(visible=bool(able.codes)),
        None,
        *(gr.update(visible=i < able.codes, value=0) for i in range(SLIDERS)),
    ]


def values_of(settings: Settings) -> list[Any]:
    """Of label, other_label, label_mix, mix_seed, mix_from, codes, like, prompt and the sliders."""
    label, other = (-1 if each is None else each for each in (settings.label, settings.other_label))
    mix = settings.label_mix if settings.other_label is not None else 0.5
    codes = [*settings.codes, *[0.0] * SLIDERS][:SLIDERS]
    styles = [settings.mix_seed, settings.mix_from or 1]
    return [
        label,
        other,
        mix,
        *styles,
        list(settings.codes) or None,
        text_of_like(settings.like),
        settings.prompt,
        *codes,
    ]


def wire(
    ui: SimpleNamespace, generate: Callable[..., Any], inputs: list[Any], result: list[Any], quiet: dict[str, Any]
) -> tuple[Any, list[Any]]:
    """A moved code is held for all images, until they get their own back. inputs: of `generate`, with
    the codes, like and prompt last.

    Returns what happens while a slider moves, and afterwards."""

    @friendly
    def held(model: str, *rest: Any) -> Iterator[Any]:
        *usual, _, path, prompt = rest[:-SLIDERS]  # left out: the codes until now
        used = list(rest[-SLIDERS:])[: ui.page.shelf.find(model).capabilities.codes]
        for answer in generate(model, *usual, used, path, prompt):
            yield *answer, used

    def own() -> list[Any]:
        return [None, *[0] * SLIDERS]

    given = {"fn": held, "inputs": [*inputs, *ui.code_sliders], "outputs": [*result, ui.codes], **quiet}
    moved = gr.on([slider.input for slider in ui.code_sliders], **given)
    released = gr.on([slider.release for slider in ui.code_sliders], **given)
    freed = ui.own_codes.click(
        own, None, [ui.codes, *ui.code_sliders], api_visibility="private", show_progress="hidden"
    )
    return moved, [released, freed.then(generate, inputs, result, **quiet)]
