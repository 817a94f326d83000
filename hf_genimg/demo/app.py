"""The page: its tabs, what changes with the model, and how it is served."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported: nothing leaves this machine
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "1000")  # of which the queue keeps notes; else 10,000
# events between two summaries of those notes; else, one after each
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", str(10**9))

import gradio as gr
from gradio.utils import get_upload_folder
from starlette.middleware import Middleware

from ..hub.rater_answers import check_results_to
from .archives import MOST_BYTES
from .arrivals import HEAD
from .hosts import OwnHosts, hosts_of
from .jobs import Jobs
from .leftovers import EMPTY_FOR, sweeping
from .models import Shelf
from .settings import Settings
from .starting import STARTING
from .style import CSS, theme
from .tabs import about, closer, evaluate, explore, favourites, generate, human, pictures, train
from .tabs._mcp import give_images
from .tabs._page import AGAIN, QUIET, WAITING, Page, friendly, texts

TASKS = ("generation", "reconstruction", "translation", "classification")
LARGEST_UPLOAD = "12mb"
SESSIONS = 128  # of visitors, whose state gradio keeps (0.7 MB each); the one that was not used for longest goes
SHOW_MODEL = """(model) => {
  history.replaceState(null, '', location.pathname + '?' + new URLSearchParams({ model }));
}"""
FORGET = (60, 900)  # seconds: how often old files are looked for, and how old they are


class Studio(gr.Blocks):
    """Blocks that come with their theme, style, languages and limits however they are launched. jobs: where models are
    trained in the page.
    """

    jobs: Jobs | None = None

    def launch(self, *arguments: Any, **settings: Any) -> Any:
        """As in gradio; whatever is given wins. With `mcp_server=True` or GRADIO_MCP_SERVER=true, the endpoints are
        tools for MCP too. On loopback, requests for other hosts and from pages of others are refused, as `OwnHosts`.
        """
        given = signature(gr.Blocks.launch).bind_partial(self, *arguments, **settings).arguments
        share = bool(given.get("share"))
        server_name = given.get("server_name") or os.environ.get("GRADIO_SERVER_NAME") or "127.0.0.1"

        def allowed() -> frozenset[str] | None:
            return hosts_of(server_name, self.share_url, self.root_path)

        if self.jobs is not None:
            self.jobs.private = lambda: not share and allowed() == frozenset()
        own = {**(settings.pop("app_kwargs", None) or {})}
        own["middleware"] = [*own.get("middleware", ()), Middleware(OwnHosts, allowed=allowed)]
        own["lifespan"] = sweeping(get_upload_folder(), FORGET[0], min(EMPTY_FOR, FORGET[1]), own.get("lifespan"))
        if settings.get("mcp_server", os.environ.get("GRADIO_MCP_SERVER", "").lower() == "true"):
            give_images()
        looks: dict[str, Any] = {"theme": theme(), "css": CSS, "head": HEAD, "js": STARTING, "i18n": texts}
        looks["footer_links"] = ["api"]
        limits = {
            "max_file_size": LARGEST_UPLOAD if self.jobs is None else MOST_BYTES,
            "state_session_capacity": SESSIONS,
        }
        ours = {**looks, **limits, "run_history": False, "app_kwargs": own}
        return super().launch(*arguments, **{**ours, **settings})


def build(
    models: Any = (),
    *,
    any_model: bool = False,
    results_to: str | None = None,
    examples: Sequence[str] = (),
    data: str | None = None,
    keeps: bool = False,
    trains: bool = False,
) -> Studio:
    """The page for one model or several.

    Args:
        models: run directories, pipeline directories, Hub ids or pipelines; one of these, or several.
        any_model: let visitors type any Hub id.
        results_to, data, keeps, trains: as for `Shelf`.
        examples: Hub ids that visitors can choose where any may be typed.

    Raises as `Shelf`.
    """
    results_to = check_results_to(results_to) if results_to else None
    shelf = Shelf(models, any_model=any_model, results_to=results_to, data=data, keeps=keeps, trains=trains)
    with Studio(title="hf_genimg studio", delete_cache=FORGET, analytics_enabled=False, fill_width=True) as demo:
        if trains:
            train.build_link(shelf)
        chooser = _chooser(shelf, examples)
        of_models = tuple(dict.fromkeys(model.capabilities.task for model in shelf.models))
        tasks = TASKS if any_model or trains else of_models
        shown = next(iter(of_models or (() if trains else tasks)), None)
        taken: set[str] = set()
        parts = [(_part(Page(shelf, chooser, task, taken), task == shown)) for task in tasks]
        kept = favourites.build(shelf) if any(part.page.keeping for part in parts) else None
        gr.Markdown(texts("fakes"), elem_classes="studio-note")
        _wire(demo, shelf, chooser, parts)
        if kept is not None:
            favourites.wire(demo, kept, [part.page for part in parts])
        if shelf.results_to:
            demo.unload(human.leaving(shelf))
            list(demo.fns.values())[-1].api_visibility = "private"  # `unload` has no such argument
    if shelf.jobs is not None:
        demo.jobs = shelf.jobs
        with demo.route("train", f"/{train.PATH}", show_in_navbar=False):
            train.build(demo, shelf.jobs)
    demo.queue(max_size=WAITING, default_concurrency_limit=4)
    return demo


@dataclass
class Part:
    """What is shown for the models of one task. settings: its components that an address sets."""

    page: Page
    panel: gr.Column
    settings: list[Any]


def _part(page: Page, visible: bool) -> Part:
    settings: list[Any] = []
    with gr.Column(visible=visible) as panel:
        about.build_introduction(page)
        _tabs(page, settings)
    return Part(page, panel, settings)


def _tabs(page: Page, settings: list[Any]) -> None:
    """Build the tabs; those components that an address sets are added to `settings`."""
    with gr.Tabs():
        if page.task == "reconstruction":
            pictures.build_reconstruct(page)
        if page.task in ("generation", "reconstruction"):
            made = generate.build(page)
            settings += made.controls
            explore.build(page)
            closer.build(page, made.query)
            about.build_compare(page)
            evaluate.build(page)
            human.build(page)
        if page.task == "translation":
            pictures.build_translate(page)
        if page.task == "classification":
            pictures.build_classify(page)
        about.build_about(page)


def _chooser(shelf: Shelf, examples: Sequence[str] = ()) -> gr.Dropdown:
    several = len(shelf.names) > 1 or shelf.any_model or shelf.jobs is not None
    label = texts("hub_id" if shelf.any_model else "model")
    first = next(iter(shelf.names), None)
    return gr.Dropdown(
        [*shelf.names, *(examples if shelf.any_model else ())],
        value=first,
        label=label,
        info=texts("hub_id_info") if shelf.any_model else None,
        allow_custom_value=shelf.any_model,
        interactive=shelf.any_model or not shelf.names,  # else, from when the model of the address is shown
        visible=several,
        elem_id="model",
    )


def _wire(demo: Studio, shelf: Shelf, chooser: gr.Dropdown, parts: list[Part]) -> None:
    task_shown = gr.Textbox("", visible=False)
    panels = [part.panel for part in parts]
    changing = [task_shown]
    changing += [component for part in parts for components, _ in part.page.adapters for component in components]

    @friendly
    def adapt(model: str) -> list[Any]:
        shared = shelf.find(model)
        task = shared.capabilities.task
        updates = [*(gr.update(visible=part.page.task == task) for part in parts), task]
        for part in parts:
            for components, change in part.page.adapters:
                updates += change(shared) if part.page.task == task else [gr.skip()] * len(components)
        return updates

    @friendly
    def arrive(request: gr.Request) -> Any:
        model = _asked(shelf, request)
        if model is None:
            return [gr.skip()] * len(filled_in)
        shared, query = shelf.find(model), dict(request.query_params)
        asked = Settings.of_query(query)
        start = generate.controls_of(replace(asked, count=min(asked.count, shared.most_images)))
        as_they_are = [gr.skip()] * len(start)  # an address that asks for nothing takes back nothing that was moved
        given = start if asked != Settings() or asked.count > shared.most_images else as_they_are
        task = shared.capabilities.task
        filled = [given if part.page.task == task else as_they_are for part in parts if part.settings]
        named = gr.update(value=shared.name, interactive=True, **({"choices": shelf.names} if shelf.jobs else {}))
        values = [named, *(value for values in filled for value in values)]
        return values if len(values) > 1 else named  # of one output gradio takes the value itself

    def adapt_asked(request: gr.Request) -> list[Any]:
        model = _asked(shelf, request)
        return [gr.skip()] * len(panels + changing) if model is None else adapt(model)

    filled_in = [chooser, *(each for part in parts for each in part.settings)]
    arrived = demo.load(adapt_asked, None, panels + changing, **QUIET).success(arrive, None, filled_in, **QUIET)
    chosen = chooser.input(adapt, chooser, panels + changing, **QUIET)
    chosen.success(None, chooser, None, js=SHOW_MODEL)
    opened = [part.page.opened for part in parts]
    asked = [each for part in parts for each in part.page.asked]
    for event in (arrived, chosen):
        filled = [component for each in asked for component in (each.by, *each.cleared)]
        event.success(None, [task_shown, *opened], filled, js=_asking(parts))


def _asking(parts: list[Part]) -> str:
    """A script that asks for all that is filled in of the part for a task, and for nothing of the others. It is given
    the task and the open tab of each part.
    """
    listed = [
        {
            "part": number,
            "task": part.page.task,
            "tab": each.tab,
            "cleared": ["" if isinstance(component, gr.Markdown) else None for component in each.cleared],
        }
        for number, part in enumerate(parts)
        for each in part.page.asked
    ]
    return f"""(shown, ...opened) => {{
  const [now] = ({AGAIN})();
  return {json.dumps(listed)}.flatMap((each) => {{
    const mine = each.task === shown, open = !each.tab || each.tab === opened[each.part];
    return [mine && open ? now : undefined, ...each.cleared.map((empty) => mine && !open ? empty : undefined)];
  }});
}}"""


def _asked(shelf: Shelf, request: gr.Request) -> str | None:
    """The model that an address names, else the first; None where there is none."""
    model = request.query_params.get("model")
    return model if model and (model in shelf.names or shelf.any_model) else next(iter(shelf.names), None)
