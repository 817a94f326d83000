"""What the tabs share: the page that they are on, friendly refusals, and how many may wait."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any

import gradio as gr

from ..models import Shared, Shelf
from ..texts import CHINESE, ENGLISH

log = logging.getLogger("hf_genimg.demo")
texts = gr.I18n(**{"en": ENGLISH, "zh": CHINESE, "zh-CN": CHINESE})
LIVE: dict[str, Any] = {"concurrency_id": "live", "concurrency_limit": 4}  # answered at once; the model's own lock keeps them apart
LONG: dict[str, Any] = {"concurrency_id": "long", "concurrency_limit": 2}  # walks and the like never take all places
WAITING = 400  # requests in the queue; whoever comes after them is told so


@dataclass
class Page:
    """A page under construction.

    shelf: its models. chooser: the component that says which model. adapters: for each tab what a change of the model changes in it:
    components, and a function of the model that gives an update for each.
    """

    shelf: Shelf
    chooser: Any
    adapters: list[tuple[list[Any], Callable[[Shared], list[Any]]]] = field(default_factory=list)

    def adapt(self, components: list[Any], updates: Callable[[Shared], list[Any]]) -> None:
        """Change `components` whenever another model is chosen, as `updates(model)` says."""
        self.adapters.append((components, updates))

    @property
    def first(self) -> Shared | None:
        """The model that the page opens with."""
        return next(iter(self.shelf.models), None)

    def any_model(self, able: Callable[[Shared], bool]) -> bool:
        """Whether a model of this page, or one that could be typed in, is `able`."""
        return self.shelf.any_model or any(map(able, self.shelf.models))


def friendly(function: Callable[..., Any]) -> Callable[..., Any]:
    """A mistake becomes the one line that it is; what is a fault of ours goes to the log, and the visitor is told that much."""

    def refusal(error: Exception) -> gr.Error:
        if isinstance(error, ValueError | FileNotFoundError) and getattr(error, "errno", None) is None and str(error):
            return gr.Error(" ".join(str(error).split())[:400], print_exception=False)
        log.error("%s failed", function.__name__, exc_info=error)
        return gr.Error("this did not work, and it is not your fault; the log of the server says why", print_exception=False)

    @wraps(function)
    def stream(*arguments: Any, **named: Any) -> Any:
        try:
            yield from function(*arguments, **named)
        except gr.Error:
            raise
        except Exception as error:
            raise refusal(error) from None

    @wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        try:
            return function(*arguments, **named)
        except gr.Error:
            raise
        except Exception as error:
            raise refusal(error) from None

    return stream if isgeneratorfunction(function) else call
