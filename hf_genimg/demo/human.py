"""What the Human test tab does: shows trials of `evaluation/human.py`, and says how it stands."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from PIL import Image

from ..evaluation.human import HumanTest, Results, Trial
from ..hub.rater_answers import can_send, send_answers
from ..pipelines.images import over_white
from .about import data_of, real_images
from .models import Shared
from .texts import say

FAKES, REALS = 500, 500  # images that may be shown
BIG = 280  # pixels a side at least
ROUND = 20  # answers that are sent together; fewer, when a rater leaves
log = logging.getLogger("hf_genimg.demo")


def can_test(model: Shared) -> bool:
    """Whether the model makes images, its data are here, and there is a run to keep the results in; a model that reads
    texts needs examples of them.
    """
    able = model.capabilities
    makes = model.generates and (not able.text or bool(able.prompts))
    return makes and bool(model.folder) and data_of(model) is not None and len(reals(model)) > 1


def results_file(model: Shared) -> Path:
    """Where the answers are kept: in the model's folder."""
    return model.folder / "human.jsonl"


def reals(model: Shared) -> list[Image.Image]:
    """The real images that may be shown."""
    return model.know("reals", lambda: real_images(model, REALS))


def test_of(model: Shared) -> HumanTest:
    """The test of this model; `ValueError` where it cannot be had."""
    if not can_test(model):
        raise ValueError(f"{model.name} cannot be tested here: it needs its run's folder, and the data it learned from")
    about = {"model": model.pipe.model_name, "revision": model.pipe.revision, "reference": data_of(model)}
    return model.know("human", lambda: HumanTest(results_file(model), range(FAKES), len(reals(model)), about))


def show(model: Shared, rater: str) -> tuple[Trial, Image.Image, Image.Image]:
    """The trial that is open for this rater, or a new one, and its left and right image."""
    trial = test_of(model).trial(rater)
    with model.lock:
        words = {"prompt": model.example_prompt(trial.fake)} if model.capabilities.text else {}
        fake = model.pipe(seed=trial.fake, **words).images[0]
    real = reals(model)[trial.real]
    pair = [plain(real), plain(fake)]  # nothing but pixels: a file's name, text or size must not give the answer away
    return trial, *(pair if trial.real_side == "left" else pair[::-1])


def where_to(results_to: str | None) -> str:
    """A sentence for raters: what becomes of their answers; nothing where they stay in the run's folder."""
    return say("where_to", where=results_to) if results_to and can_send() else ""


def finished(test: HumanTest, rater: str, results_to: str | None) -> bool:
    """Whether this rater has now answered a round that is to be sent."""
    return bool(results_to) and can_send() and (count := len(test.unsent(rater, results_to))) > 0 and count % ROUND == 0


def send(test: HumanTest, rater: str, results_to: str | None) -> str:
    """Send what this rater answered; one line that says how that went. The answers stay in the file either way."""
    if not results_to or not can_send():
        return ""
    try:
        count = send_answers(test, rater, results_to)
    except OSError as error:
        log.warning("answers are kept in %s: %s", test.path, error)
        return say("answers_kept")
    return say("answers_sent", count=count, where=results_to) if count else ""


def plain(image: Image.Image) -> Image.Image:
    """The pixels alone, enlarged by a whole factor."""
    factor = max(1, -(-BIG // image.width))
    bare = Image.fromarray(_levels(image))
    return bare.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)


def _levels(image: Image.Image) -> Any:
    import numpy as np

    return np.asarray(over_white(image).convert("RGB"))


def standing(results: Results, rater: str) -> str:
    """One line: how often this rater and all raters were right, with the interval."""
    if results.accuracy is None:
        return say("no_answers")
    mine, everybody = results.raters.get(rater), results.accuracy
    own = say("you_are_right", value=mine.value, low=mine.low, high=mine.high) if mine else ""
    return own + say(
        "all_are_right", value=everybody.value, low=everybody.low, high=everybody.high, answers=results.trials
    )
