"""The Human test tab: two images, one question."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import gradio as gr
from PIL import Image

from .. import human
from ..models import Shelf
from ..texts import say
from ._page import LIVE, Page, friendly, texts


def build(page: Page) -> None:
    """Lay the tab out and wire it; only where a model of the page can be tested."""
    if not any(map(human.can_test, page.models)):
        return
    with page.tab("human"):
        missing = gr.Markdown(texts("no_test"), visible=False, elem_id=page.id("human-missing"))
        with gr.Column() as panel:
            gr.Markdown(texts("human_info"))
            with gr.Row(elem_classes="studio-pair"):
                left, right = (
                    _picture(texts("alt_left"), page.id("human-left")),
                    _picture(texts("alt_right"), page.id("human-right")),
                )
            with gr.Row(elem_classes="studio-pair"):
                is_left, is_right = gr.Button(texts("left"), min_width=120), gr.Button(texts("right"), min_width=120)
            feedback = gr.Markdown(elem_id=page.id("human-feedback"))
        asked = gr.Button(visible=False)  # by programs
        rater, trial = gr.BrowserState("", storage_key="hf_genimg-rater"), gr.Textbox(visible=False)
        sides = {is_left: gr.Textbox("left", visible=False), is_right: gr.Textbox("right", visible=False)}
    ask, answer = _endpoints(page.shelf)
    quiet: dict[str, Any] = {"show_progress": "hidden", **LIVE}
    outputs = [left, right, trial, feedback, rater]

    @friendly
    def opened(model: str, rater: str) -> Any:
        """A trial; for a model that cannot be tested, what that would need instead."""
        able = human.can_test(page.shelf.find(model))
        there = gr.update(visible=able), gr.update(visible=not able)
        return *there, *(ask(model, rater) if able else (None, None, "", "", gr.skip()))

    shown = [panel, missing, *outputs]
    page.refill("human", opened, [page.chooser, rater], shown, [left, right, trial, feedback])
    asked.click(ask, [page.chooser, rater], outputs, **page.api("human_trial"), **quiet)
    for number, (button, side) in enumerate(sides.items()):
        named: dict[str, Any] = {"api_visibility": "private"} if number else page.api("human_answer")
        button.click(answer, [page.chooser, rater, trial, side], outputs, **named, **quiet)


def _picture(alt: Any, elem_id: str) -> gr.Image:
    return gr.Image(
        show_label=False,
        format="png",
        interactive=False,
        buttons=[],
        elem_classes="pixels",
        elem_id=elem_id,
        alt_text=alt,
        min_width=120,
    )


def _endpoints(shelf: Shelf) -> tuple[Any, Any]:
    def show(model: str, rater: str, feedback: str) -> tuple[Image.Image, Image.Image, str, str, str]:
        shared = shelf.find(model)
        trial, left, right = human.show(shared, rater)
        return left, right, trial.id, f"{feedback}{human.standing(human.test_of(shared).results(), rater)}", rater

    @friendly
    def human_trial(model: str = "", rater: str = "") -> tuple[Image.Image, Image.Image, str, str, str]:
        """Show two images, one of them real. Returns left, right, the trial's id, the results so far, and the rater.

        Args:
            model: the name of a model of this page; the first one when left empty.
            rater: a name that stays the same; a new one is given when it is left empty.
        """
        where = human.where_to(shelf.results_to)
        return show(model, rater or secrets.token_hex(8), f"{where}\n\n" if where else "")

    @friendly
    def human_answer(
        model: str, rater: str, trial: str, side: str, request: gr.Request
    ) -> tuple[Image.Image, Image.Image, str, str, str]:
        """Say which image of a trial is real, and get the next trial. A trial counts once.

        Args:
            model: the name of a model of this page; the first one when empty.
            rater: as human_trial returned it.
            trial: the id, as human_trial returned it.
            side: left or right.
        """
        test = human.test_of(shelf.find(model))
        outcome = test.answer(trial, side)
        shelf.raters.setdefault(request.session_hash or "", {})[test.path, rater] = test
        sent = (
            human.send(test, rater, shelf.results_to)
            if outcome.counted and human.finished(test, rater, shelf.results_to)
            else ""
        )
        verdict = say("was_right" if outcome.right else "was_wrong")
        return show(model, rater, sent + verdict if outcome.counted else say("was_answered"))

    return human_trial, human_answer


def leaving(shelf: Shelf) -> Callable[[gr.Request], None]:
    """What happens when a visitor closes the page: answers that were not sent yet are."""

    def leave(request: gr.Request) -> None:
        for (_, rater), test in shelf.raters.pop(request.session_hash or "", {}).items():
            human.send(test, rater, shelf.results_to)

    return leave
