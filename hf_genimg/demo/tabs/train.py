"""The page that trains: what to train on, the jobs, and what is done with their models."""

from __future__ import annotations

import html
import shlex
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr

from ...hub.card import write_card
from ...recipes import recipe_names
from .. import about
from ..job_progress import Progress, curve_of, grid_of, output_of, progress_of
from ..jobs import AUTO, Job, Jobs
from ..models import Shared, Shelf
from ..texts import say
from ._page import LIVE, cache_folder, friendly, texts, without_paths

PATH = "train"
LOOK = 2  # seconds between two looks at the jobs
MINUTES = 10
HIDDEN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", **LIVE}
GO = "() => { location.href = location.pathname.replace(/\\/?$/, '/train'); }"
HOME = "() => { location.href = location.pathname.replace(/train\\/?$/, ''); }"
OPEN_MODEL = """(model) => {
  location.href = location.pathname.replace(/train\\/?$/, '') + '?' + new URLSearchParams({ model });
}"""
SHOW_JOB = """(job) => {
  if (job) history.replaceState(null, '', location.pathname + '?' + new URLSearchParams({ job }));
}"""
TO_STATUS = "() => document.querySelector('#job-status').scrollIntoView({ behavior: 'smooth', block: 'nearest' })"
CLICK_FILE = "() => setTimeout(() => document.querySelector('#space-file').click(), 150)"


def build_link(shelf: Shelf) -> None:
    """The way from the models to the page that trains."""
    gr.Navbar(visible=False)
    with gr.Row():
        if not shelf.names:
            gr.Markdown(texts("no_model_yet"))
        link = gr.Button(texts("to_training"), size="sm", scale=0, min_width=220, elem_id="to-training")
    link.click(None, None, None, js=GO)


def build(demo: gr.Blocks, jobs: Jobs) -> None:
    """Lay the page out and wire it."""
    ui = SimpleNamespace(jobs=jobs)
    gr.Navbar(visible=False)
    with gr.Row():
        gr.Markdown(texts("training_title"))
        ui.home = gr.Button(texts("to_studio"), size="sm", min_width=160, scale=0, elem_id="to-studio")
    gr.Markdown(texts("training_info"))
    with gr.Row(elem_classes="studio-row-down"):
        with gr.Column(scale=2, min_width=260):
            _form(ui)
        with gr.Column(scale=4, min_width=260):
            _panel(ui)
    _wire(demo, ui)


def _form(ui: SimpleNamespace) -> None:
    ui.data = gr.Textbox("digits", label=texts("data"), info=texts("data_info"), elem_id="train-data")
    ui.archive = gr.File(label=texts("archive"), file_types=[".zip"], type="filepath", height=150, elem_id="train-zip")
    with gr.Row():
        ui.recipe = gr.Dropdown(
            [AUTO, *recipe_names()],
            value=AUTO,
            label=texts("recipe"),
            info=texts("recipe_info"),
            elem_id="train-recipe",
            min_width=140,
            scale=2,
        )
        ui.minutes = gr.Number(
            MINUTES, label=texts("minutes"), minimum=0.1, elem_id="train-minutes", min_width=90, scale=1
        )
    ui.settings = gr.Textbox("", label=texts("fields"), info=texts("fields_info"), elem_id="train-fields")
    ui.name = gr.Textbox("", label=texts("job_name"), info=texts("job_name_info"), max_length=40, elem_id="train-name")
    with gr.Row():
        ui.plan = gr.Button(texts("estimate"), min_width=100, elem_id="train-estimate")
        ui.go = gr.Button(texts("train"), variant="primary", min_width=100, elem_id="train-go")


def _panel(ui: SimpleNamespace) -> None:
    ui.none = gr.Markdown(texts("no_jobs"), elem_id="no-jobs", visible=False)
    ui.chosen = gr.Radio([], label=texts("jobs"), elem_id="jobs", visible=False)
    with gr.Column(visible=False) as ui.panel:
        ui.status = gr.HTML(elem_id="job-status")
        with gr.Row(elem_classes="studio-buttons"):
            ui.resume, ui.stop, ui.open, ui.remove = (
                gr.Button(texts(name), size="sm", min_width=120, elem_id=f"job-{id}")
                for name, id in (
                    ("resume", "resume"),
                    ("stop", "stop"),
                    ("open_model", "open"),
                    ("remove_job", "remove"),
                )
            )
            ui.really = gr.Button(
                texts("remove_for_good"), variant="stop", size="sm", visible=False, elem_id="job-remove-for-good"
            )
        with gr.Row(visible=False) as ui.watching:
            ui.grid_note, ui.grid = _picture("latest_grid", "grid", "pixels")
            _, ui.curve = _picture("curve", "curve", "")
        with gr.Accordion(texts("publish"), open=False, elem_id="publish") as ui.publish:
            _publishing(ui)
        with gr.Accordion(texts("printed"), open=False, elem_id="printed"):
            ui.output = gr.Textbox(
                "", show_label=False, label=texts("printed"), lines=6, max_lines=16, elem_id="output"
            )
            ui.command = gr.Markdown(elem_id="job-command")
    ui.seen = gr.State(None)
    ui.file = gr.DownloadButton(elem_id="space-file", elem_classes="studio-away")
    ui.timer = gr.Timer(LOOK)


def _picture(name: str, id: str, classes: str) -> tuple[gr.Markdown, gr.Image]:
    """A place for a picture, and the words above it."""
    with gr.Column(min_width=240):
        note = gr.Markdown(texts(name), elem_classes="studio-note")
        place = gr.Image(
            label=texts(name),
            show_label=False,
            format="png",
            interactive=False,
            buttons=["fullscreen"],
            alt_text=texts(name),
            elem_id=f"job-{id}",
            elem_classes=classes,
        )
    return note, place


def _publishing(ui: SimpleNamespace) -> None:
    with gr.Row(elem_classes="studio-buttons"):
        ui.evaluate, ui.card = (
            gr.Button(texts(name), size="sm", min_width=120, elem_id=f"job-{id}")
            for name, id in (("evaluate", "evaluate"), ("make_card", "card"))
        )
    with gr.Row():
        ui.repo_id = gr.Textbox("", label=texts("repo_id"), elem_id="repo-id", min_width=200, scale=3)
        ui.private = gr.Checkbox(True, label=texts("private_repo"), min_width=100, scale=1, elem_id="repo-private")
    with gr.Row(elem_classes="studio-buttons"):
        ui.space, ui.download, ui.push = (
            gr.Button(texts(name), size="sm", min_width=120, elem_id=f"job-{id}")
            for name, id in (("make_space", "space"), ("space_file", "download"), ("push", "push"))
        )
    ui.scores = gr.Markdown(elem_id="job-scores", elem_classes="studio-facts")
    ui.card_text = gr.Markdown(elem_id="job-card-text", elem_classes="studio-facts")


def _wire(demo: gr.Blocks, ui: SimpleNamespace) -> None:
    jobs: Jobs = ui.jobs
    pictures = [ui.grid_note, ui.grid, ui.curve, ui.scores, ui.output]
    buttons = [ui.resume, ui.stop, ui.remove, ui.open, ui.publish, ui.download, ui.watching]
    buttons += [ui.evaluate, ui.space, ui.push]
    shown = [ui.none, ui.chosen, ui.panel, ui.status, ui.command, *buttons, *pictures, ui.seen]

    @friendly
    def look(name: str | None, seen: Any) -> list[Any]:
        jobs.wake()
        return _look(jobs, name, seen)

    @friendly
    def arrive(request: gr.Request) -> list[Any]:
        return _look(jobs, request.query_params.get("job"), None)

    def adding(action: str) -> Any:
        @friendly
        def add(data: str, archive: str | None, recipe: str, minutes: Any, settings: str, name: str) -> Any:
            timed = f"minutes={minutes or ''} {settings}" if recipe == AUTO else settings
            job = jobs.add(name, data, recipe, timed, Path(archive) if archive else None)
            jobs.ask(job.name, action)
            return gr.update(choices=_choices(jobs), value=job.name, visible=True)

        return add

    def asking(action: str) -> Any:
        @friendly
        def ask(name: str, repo_id: str = "", private: bool = False) -> None:
            jobs.ask(name, action, repo_id, private)

        return ask

    @friendly
    def stop(name: str) -> None:
        jobs.stop(name)

    form = [ui.data, ui.archive, ui.recipe, ui.minutes, ui.settings, ui.name]
    again: tuple[Any, ...] = (look, [ui.chosen, ui.seen], shown)
    for button, action in ((ui.plan, "plan"), (ui.go, "train")):
        done = button.click(adding(action), form, ui.chosen, **HIDDEN).success(*again, **HIDDEN)
        done.success(None, ui.chosen, None, js=SHOW_JOB).success(None, None, None, js=TO_STATUS)
    to_hub = [ui.chosen, ui.repo_id, ui.private]
    for button, action in ((ui.resume, "train"), (ui.evaluate, "evaluate"), (ui.space, "space"), (ui.push, "push")):
        given = to_hub if action in ("space", "push") else [ui.chosen]
        button.click(asking(action), given, None, **HIDDEN).success(*again, **HIDDEN)
    ui.stop.click(stop, ui.chosen, None, **HIDDEN).success(*again, **HIDDEN)
    ui.chosen.input(look, [ui.chosen, gr.State(None)], shown, **HIDDEN).success(None, ui.chosen, None, js=SHOW_JOB)
    _wire_removal(ui, look, shown)
    ui.timer.tick(look, [ui.chosen, ui.seen], shown, trigger_mode="once", **HIDDEN)
    demo.load(arrive, None, shown, **HIDDEN)
    ui.recipe.change(lambda recipe: gr.update(visible=recipe == AUTO), ui.recipe, ui.minutes, **HIDDEN)
    ui.home.click(None, None, None, js=HOME)
    ui.open.click(None, ui.chosen, None, js=OPEN_MODEL)
    _wire_files(ui)


def _wire_removal(ui: SimpleNamespace, look: Any, shown: list[Any]) -> None:
    """A second button, for good, comes with the first."""

    @friendly
    def remove(name: str) -> Any:
        ui.jobs.remove(name)
        return gr.update(visible=False)

    ui.remove.click(lambda: gr.update(visible=True), None, ui.really, **HIDDEN)
    removed = ui.really.click(remove, ui.chosen, ui.really, **HIDDEN)
    removed.success(look, [gr.State(None), gr.State(None)], shown, **HIDDEN).success(None, ui.chosen, None, js=SHOW_JOB)
    ui.chosen.change(lambda: gr.update(visible=False), None, ui.really, **HIDDEN)


def _wire_files(ui: SimpleNamespace) -> None:
    jobs: Jobs = ui.jobs

    @friendly
    def card(name: str) -> str:
        if jobs.find(name).name not in jobs.trained:
            raise ValueError(f"{name} has no model yet; train it first")
        write_card(jobs.run_of(name))
        return about.card(_model_of(jobs, name))

    @friendly
    def space(name: str) -> str:
        made = space_of(jobs, jobs.find(name).name)
        if made is None:
            raise ValueError(f"{name} has no Space yet; make one first")
        folder = Path(tempfile.mkdtemp(dir=cache_folder(ui.file)))
        return shutil.make_archive(str(folder / f"{name}-space"), "zip", made)

    ui.card.click(card, ui.chosen, ui.card_text, **HIDDEN)
    written = ui.download.click(space, ui.chosen, ui.file, **HIDDEN)
    written.success(None, None, None, js=CLICK_FILE)
    ui.chosen.change(lambda: "", None, ui.card_text, **HIDDEN)


def space_of(jobs: Jobs, name: str) -> Path | None:
    """The last Space that was made of a job's model, whole."""
    found = sorted(jobs.reports_of(name).glob("space-*/README.md"), reverse=True)
    return found[0].parent if found else None


def _choices(jobs: Jobs) -> list[tuple[str, str]]:
    return [(f"{job.name} · {state_of(progress_of(jobs, job.name))}", job.name) for job in jobs.jobs]


def state_of(progress: Progress) -> str:
    """In words: what a job does, and how far it is."""
    action = say(f"doing_{progress.action}") if progress.action else ""
    words = say(
        f"state_{progress.state}", **{"action": action, "ahead": progress.ahead} if progress.state in FILLED else {}
    )
    share = f" {progress.images / progress.total:.0%}" if progress.total and progress.state == "running" else ""
    return words + (share if progress.action == "train" else "")


FILLED = ("waiting", "running", "done", "failed")


def _look(jobs: Jobs, name: str | None, seen: Any) -> list[Any]:
    """An update for each component that shows jobs; what is shown already is left."""
    every = jobs.jobs
    job = next((each for each in every if each.name == name), next(iter(every), None))
    there = gr.update(visible=not every), gr.update(choices=_choices(jobs), visible=bool(every), value=job and job.name)
    if job is None:
        return [*there, gr.update(visible=False), *[gr.skip()] * 17, None]
    progress, run = progress_of(jobs, job.name), jobs.run_of(job.name)
    trained = (run / "pipeline" / "model_index.json").is_file()
    begun = run.exists()
    buttons = [
        gr.update(visible=not progress.busy and not (begun and progress.images >= progress.total > 0)),
        gr.update(visible=progress.busy),
        gr.update(visible=not progress.busy and jobs.private()),
        gr.update(visible=trained),
        gr.update(visible=trained),
        gr.update(visible=space_of(jobs, job.name) is not None),
        gr.update(visible=(run / "log.jsonl").is_file() or (run / "samples").is_dir()),
        *[gr.update(interactive=not progress.busy)] * 3,
    ]
    status = status_html(job, progress, progress.line if jobs.private() else without_paths(progress.line))
    command = shlex.join(["hf-genimg", *jobs.training(job)])
    command = f"{say('same_command')}\n\n```\n{command if jobs.private() else without_paths(command)}\n```"
    pictures, now = _pictures(jobs, job, progress, seen)
    return [*there, gr.update(visible=True), status, command, *buttons, *pictures, now]


def _pictures(jobs: Jobs, job: Job, progress: Progress, seen: Any) -> tuple[list[Any], Any]:
    """Grid, curve, scores and output, each where it is another than what was `seen`; and what is seen now."""
    run = jobs.run_of(job.name)
    log, scores = run / "log.jsonl", run / "scores.json"
    grids = sorted((run / "samples").glob("[0-9]*.png"))
    printed = output_of(jobs, job.name, progress.action)
    stamps = [grids[-1].name if grids else "", _time(log), _time(scores), printed]
    now = [job.name, *stamps]
    old = seen if isinstance(seen, list) and seen[:1] == [job.name] else [None] * len(now)
    updates: list[Any] = [gr.skip()] * 5
    if old[1] != now[1]:
        found = grid_of(run)
        updates[:2] = [say("grid_after", images=found[1]), found[0]] if found else [say("no_grid_yet"), None]
    if old[2] != now[2]:
        updates[2] = curve_of(jobs, job.name)
    if old[3] != now[3]:
        updates[3] = about.scores(_model_of(jobs, job.name)) if scores.is_file() else ""
    if old[4] != now[4]:
        updates[4] = printed if jobs.private() else without_paths(printed)
    return updates, now


def _time(file: Path) -> float:
    return file.stat().st_mtime if file.is_file() else 0.0


def _model_of(jobs: Jobs, name: str) -> Shared:
    """What `about` needs to read what lies in a run."""
    return Shared(name, None, jobs.run_of(name))


def status_html(job: Job, progress: Progress, line: str) -> str:
    """What a job does, a bar, and the line that its last command ended with; everything from elsewhere is escaped."""
    parts = [f"<h2>{html.escape(job.name)}: {html.escape(state_of(progress))}</h2>"]
    if progress.total:
        facts = [say("so_far", images=progress.images, total=progress.total)]
        if progress.state == "running" and progress.action == "train" and progress.rate:
            facts.append(say("speed", rate=progress.rate))
            facts.append(say("time_left", time=_clock(progress.seconds_left or 0)))
        label = html.escape(say("alt_progress"))
        bar = f'<progress max="{progress.total}" value="{progress.images}" aria-label="{label}"></progress>'
        parts += [bar, f"<p>{html.escape(say('comma').join(facts))}</p>"]
    if line:
        parts.append(f'<p class="job-line">{html.escape(line[:600])}</p>')
    return "".join(parts)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
