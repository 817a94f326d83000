"""Commands that train: `train`, `quickstart`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from ._shared import STARTED, hide_loading_bars, print_scores, rank, serve

AUTO = "auto"  # in place of a recipe


def train(
    recipe: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE|FILE.py|auto",
            help="One of `hf-genimg list recipes`, or your own; `auto data=FOLDER minutes=30` chooses by the pictures.",
        ),
    ],
    settings: Annotated[
        list[str] | None,
        typer.Argument(metavar="[field=value]...", help="Fields to set; `hf-genimg list RECIPE` shows them."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder; by default runs/RECIPE.")] = None,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="Shrink the run to seconds, to see that everything works.")
    ] = False,
    plan: Annotated[
        bool,
        typer.Option("--plan", help="Predict time, memory and disk from twenty training steps, which are discarded."),
    ] = False,
) -> int:
    """Train a recipe. The same command again resumes from the last checkpoint."""
    from ..recipes import recipe_class
    from ..training.fields import parse_fields

    if recipe == AUTO:
        return _automatic(settings or [], out or Path("runs") / AUTO, smoke, plan)
    chosen = recipe_class(recipe)
    values = parse_fields(chosen, settings or [])
    instance = chosen().smoke() if smoke else chosen()
    name = f"{instance.name}-smoke" if smoke else instance.name
    if plan:
        return _plan(instance.override(**values))
    return _train(instance.override(**values), out or Path("runs") / name)


def _automatic(settings: list[str], out: Path, smoke: bool, plan: bool) -> int:
    """Choose a recipe by pictures and time, say why, and train it."""
    from ..recipes._auto import automatic

    if smoke:
        raise ValueError("--smoke does not go with auto, whose length is minutes=; leave it out, or name a recipe")
    recipe, why = automatic(out, settings)
    print(why, flush=True)
    return _plan(recipe) if plan else _train(recipe, out)


def _plan(recipe: Any) -> int:
    """Say what a run would take, and leave nothing behind."""
    import time

    from ..api import callbacks_of
    from ..hub.card import write_card
    from ..training.plan import plan

    looking = callbacks_of(recipe.override(hub_model_id=None))  # a probe is not pushed
    print(f"{recipe.name}: {plan(recipe, startup=time.monotonic() - STARTED, callbacks=looking, finish=write_card)}")
    return 0


def _train(recipe: Any, out: Path) -> int:
    """Train and say in two lines where things are and what can be done next."""
    from ..api import train as train_recipe

    if recipe.init is not None:
        hide_loading_bars()
    if rank() == "0" and _loses_transparency(recipe):
        print(f"{recipe.data} has transparency, which is trained on over white; image_channels=4 keeps it", flush=True)
    try:
        pipeline = train_recipe(recipe, out)
    except KeyboardInterrupt as stop:
        if stop.args:
            raise SystemExit(130) from stop  # the run has printed where it stopped
        raise
    if rank() != "0":
        return 0  # the first process speaks for all
    print(
        f"{out}: the model in pipeline/, grids in samples/, losses in curve.png and log.jsonl{_held_out_summary(out)}"
    )
    print(f"next: hf-genimg {_next_use(pipeline.capabilities, shlex.quote(str(out)))}")
    return 0


def _loses_transparency(recipe: Any) -> bool:
    """Whether a folder's pictures are composited over white although the recipe could keep their transparency."""
    from ..data import has_transparency

    possible = recipe.transparency and recipe.image_channels is None and recipe.init is None
    return possible and Path(recipe.data).is_dir() and has_transparency(recipe.data)


def _next_use(capabilities: Any, model: str) -> str:
    """The command for what a model is for."""
    if capabilities.task == "classification":
        return f"classify {model} IMAGE"
    if capabilities.task == "translation":
        return f"translate {model} IMAGE --out pictures"
    return f"{f'reconstruct {model} IMAGE' if capabilities.encode else f'sample {model} --num 16'} --out pictures"


def _held_out_summary(out: Path) -> str:
    """The last held-out terms of a run, for its closing line."""
    import json

    records = [json.loads(line) for line in (out / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    measured = [{key: value for key, value in record.items() if key.startswith("held_out/")} for record in records]
    last = next((terms for terms in reversed(measured) if terms), {})
    return "".join(f"; {key.replace('_', ' ').replace('/', ' ')} {value:.5g}" for key, value in last.items())


def quickstart(
    out: Annotated[Path, typer.Option(help="The run's folder.")] = Path("runs/quickstart"),
    no_demo: Annotated[bool, typer.Option("--no-demo", help="Stop after the scores, without the studio.")] = False,
) -> int:
    """Train and evaluate a GAN of digits. It takes a few minutes on a CPU, and ends with the studio."""
    from ..recipes import recipe_class

    status = _train(recipe_class("mlp_gan")(), out) or print_scores(str(out), "digits", out / "scores.json")
    return status if status or no_demo or rank() != "0" else serve([str(out)])
