"""What the tabs share: the page that they are on, friendly refusals, and how many may wait."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import wraps
from inspect import isgeneratorfunction, signature
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import LocalContext, get_render_context, set_render_context

from ..models import Shared, Shelf
from ..refusals import in_words
from ..texts import CHINESE, ENGLISH, LANGUAGE, say

log = logging.getLogger("hf_genimg.demo")
texts = gr.I18n(**{"en": ENGLISH, "zh": CHINESE, "zh-CN": CHINESE})
# Events that are answered at once; the model's own lock keeps them apart.
LIVE: dict[str, Any] = {"concurrency_id": "live", "concurrency_limit": 4}
LONG: dict[str, Any] = {"concurrency_id": "long", "concurrency_limit": 2}  # walks and the like never take all places
# Not when another model was chosen meanwhile: an answer of the one before can come late.
SHOW_LINK = """(model, query) => {
  const current = new URLSearchParams(query).get('model') === model;
  if (current) history.replaceState(null, '', location.pathname + '?' + query);
}"""
AGAIN = "() => [globalThis.studioAsked = (globalThis.studioAsked ?? 0) + 1].map(String)"  # never the same
# the last choice counts, also when it is made while the page still fills in the one before
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "trigger_mode": "always_last"}
WAITING = 400  # requests in the queue; later ones are refused


@dataclass(frozen=True)
class Asked:
    """What is filled in when `by`, a hidden component, changes; of a tab, only while that is open, and else the
    components `cleared` are emptied.
    """

    by: Any
    tab: str = ""
    cleared: tuple[Any, ...] = ()


@dataclass
class Page:
    """The part of the page for the models of one task, under construction.

    shelf: all models. chooser: the component that says which one. task: as in `Capabilities`. taken: names of endpoints
    and elements that other parts have. adapters: what a change of the model changes: components, and a function of the
    model that gives an update for each.
    asked: what each `fill` and `refill` needs, in their order.
    tabs: by the names of their texts. opened: the component that says which of them is open, once one was chosen.
    keeping: buttons that keep an image, what says of the model and inputs how it is made again (a query, and the number
        of the image), and these inputs.

    Tabs are for ever, and parts are what is shown and hidden: gradio 6.31 loses count of tabs that come and go.
    """

    shelf: Shelf
    chooser: Any
    task: str
    taken: set[str]
    adapters: list[tuple[list[Any], Callable[[Shared], list[Any]]]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    tabs: dict[str, gr.Tab] = field(default_factory=dict)
    opened: Any = None
    keeping: list[tuple[Any, Callable[..., tuple[str, int]], list[Any]]] = field(default_factory=list)

    def adapt(self, components: list[Any], updates: Callable[[Shared], list[Any]]) -> None:
        """Change `components` whenever another model of this task is chosen, as `updates(model)` says."""
        self.adapters.append((components, updates))

    def fill(
        self, function: Callable[..., Any], inputs: list[Any], outputs: list[Any], js: tuple[str, Any] | None = None
    ) -> None:
        """Call `function` when the page is opened or another model of this task chosen, and then the script.

        inputs: the chooser first. js: what the browser does afterwards, a script and its inputs.
        """
        asked = self._hidden()
        done = asked.change(self._filled(function, outputs), inputs, outputs, **QUIET)
        if js:
            done.success(None, js[1], None, js=js[0])
        self.asked.append(Asked(asked))

    def refill(
        self,
        tab: str,
        function: Callable[..., Any],
        inputs: list[Any],
        outputs: list[Any],
        cleared: list[Any] | None = None,
    ) -> None:
        """Call `function` when this tab is opened, and when another model is chosen while it is open. While it is not,
        clear the outputs that are `cleared`, all of them unless given: nothing of the model before may stay there.

        Both are one event, which waits for itself: of two events the answers could come in another order than they were
        asked for, and an answer of before would take the place of the last one.
        """
        asked = self._hidden()
        asked.change(self._filled(function, outputs), inputs, outputs, **QUIET)
        self.tabs[tab].select(None, None, asked, js=AGAIN)
        self.asked.append(Asked(asked, tab, tuple(outputs if cleared is None else cleared)))

    def _filled(self, function: Callable[..., Any], outputs: list[Any]) -> Callable[..., Any]:
        """`function` for models of this task; nothing happens for others. The model is its first argument.

        A mistake is shown as a warning and leaves nothing: after an event that fails gradio 6.31 forgets the one that
        waits for it.
        """
        nothing = (gr.skip(),) * len(outputs)

        @friendly
        @wraps(function)
        def filled(model: str, *inputs: Any) -> Iterator[Any]:
            if not (model or self.shelf.names) or self.shelf.find(model).capabilities.task != self.task:
                yield nothing if len(outputs) > 1 else nothing[0]
            elif isgeneratorfunction(function):
                yield from function(model, *inputs)
            else:
                yield function(model, *inputs)

        def without_failure(*inputs: Any) -> Iterator[Any]:
            try:
                yield from filled(*inputs)
            except gr.Error as error:
                gr.Warning(error.message)
                yield [None] * len(outputs) if len(outputs) > 1 else None

        return without_failure

    def _hidden(self) -> gr.Textbox:
        """A component within a tab that is not shown: gradio 6.31 takes what is beside tabs for one of them."""
        here, first = get_render_context(), next(iter(self.tabs.values()))
        parent = first.parent
        with first:
            hidden = gr.Textbox("", visible=False)
        first.parent = parent  # which entering it again, perhaps from within, made what was being laid out
        set_render_context(here)
        return hidden

    def tab(self, name: str) -> gr.Tab:
        """A tab, called as the text `name`."""
        tab = self.tabs[name] = gr.Tab(texts(name), render_children=True)
        if self.opened is None:
            self.opened = self._hidden()
        tab.select(None, None, self.opened, js=f"() => {name!r}")
        return tab

    @property
    def models(self) -> list[Shared]:
        """Those of this task that the page was made with."""
        return [model for model in self.shelf.models if model.capabilities.task == self.task]

    @property
    def first(self) -> Shared | None:
        """The first of them."""
        return next(iter(self.models), None)

    def any_model(self, able: Callable[[Shared], bool]) -> bool:
        """Whether one of them, or one that could be typed in, is `able`."""
        return self.shelf.any_model or any(map(able, self.models))

    def api(self, name: str) -> dict[str, Any]:
        """Make an event the endpoint `name`, unless another part of the page is that already."""
        named = {"api_visibility": "private"} if f"/{name}" in self.taken else {"api_name": name}
        self.taken.add(f"/{name}")
        return named

    def id(self, name: str) -> str:
        """The element's id: `name`, with the task where another part of the page has that already."""
        unused = f"{name}-{self.task}" if name in self.taken else name
        self.taken.add(unused)
        return unused


def cache_folder(component: Any) -> Path:
    """Where files may be written that the page then serves, and that are deleted after a while."""
    folder = Path(component.GRADIO_CACHE)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def language() -> str:
    """What the browser that is answered would like to read; English for programs, which say nothing of it."""
    headers = getattr(LocalContext.request.get(None), "headers", None)
    return (headers.get("accept-language") or "en").strip().lower() if headers is not None else "en"


def _raise_what_was_given(function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """Raise `ValueError` for an upload that could not be read (given as the mistake) and for an empty number (None)."""
    for argument, about in zip(arguments, signature(function).parameters.values(), strict=False):
        if isinstance(argument, ValueError):
            raise argument
        if argument is None and about.annotation in ("int", "float"):
            raise ValueError(f"{about.name} is empty; give {'an integer' if about.annotation == 'int' else 'a number'}")


def without_paths(line: str) -> str:
    """The line with the names alone of files that lie on this machine."""
    return re.sub(r"(?<![\w/.:])/(?:[^\s/:;,'\"]+/)+([^\s/:;,'\"]+)", r"\1", line)


def friendly(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a handler: a mistake is shown in one line, in the visitor's language; a fault of ours goes to the log, and
    the page only says that there was one.
    """

    def refusal(error: Exception) -> gr.Error:
        if isinstance(error, ValueError | FileNotFoundError) and getattr(error, "errno", None) is None and str(error):
            return gr.Error(in_words(without_paths(" ".join(str(error).split()))[:400]), print_exception=False)
        log.error("%s failed", function.__name__, exc_info=error)
        return gr.Error(say("fault"), print_exception=False)

    @wraps(function)
    def stream(*arguments: Any, **named: Any) -> Any:
        LANGUAGE.set(language())
        try:
            _raise_what_was_given(function, arguments)
            yield from function(*arguments, **named)
        except gr.Error:
            raise
        except Exception as error:
            raise refusal(error) from None

    @wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        LANGUAGE.set(language())
        try:
            _raise_what_was_given(function, arguments)
            return function(*arguments, **named)
        except gr.Error:
            raise
        except Exception as error:
            raise refusal(error) from None

    answer = stream if isgeneratorfunction(function) else call
    answer.__name__ = function.__name__.rstrip("_")  # which is what MCP calls the tool
    return answer
