"""The package from Python: `load`, `train`, `evaluate` and `build_demo`."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from .pipelines.loading import HUB_ID, code_of
from .pipelines.loading import load as load_pipeline
from .recipes import IMPORTED, import_file, recipe_class
from .recipes._auto import automatic
from .training.loop import default_callbacks
from .training.loop import train as train_recipe
from .training.recipe import Recipe

__all__ = ["build_demo", "evaluate", "load", "train"]


def load(model: str | os.PathLike[str], *, code: str | os.PathLike[str] | None = None, **kwargs: Any) -> Any:
    """As `hf_genimg.pipelines.loading.load`.

    code: your own file with the classes of the model, which is run; nothing beside a model ever is. A warning says
    where it is not the file that the run was trained with.
    """
    if code is not None:
        import_file(Path(code))
    recorded = code_of(Path(model).expanduser())
    if recorded is not None and IMPORTED.get(recorded["file"], recorded["sha256"]) != recorded["sha256"]:
        warnings.warn(
            f"{recorded['file']} is not as it was when {model} was trained; the images may be others",
            UserWarning,
            stacklevel=2,
        )
    return load_pipeline(model, **kwargs)


def train(recipe: str | Path | Recipe, out: str | Path | None = None, *, progress: bool = True, **fields: Any) -> Any:
    """Train a recipe and return its pipeline; the same call again goes on where the last one stopped.

    recipe: a name from `hf-genimg list recipes`, a .py file that defines one, or a Recipe; or `auto`, which chooses one
    by the fields `data` and `minutes`. out: the run's folder, by default `runs/<recipe>`. fields: any field of the
    recipe. Raises `ValueError`, before anything is written, for what does not go together.
    """
    if recipe == "auto":
        out = Path("runs/auto") if out is None else Path(out)
        recipe, why = automatic(out, [f"{name}={value}" for name, value in fields.items()])
        fields = {}
        if progress:
            print(why, flush=True)
    chosen = recipe if isinstance(recipe, Recipe) else recipe_class(recipe)()
    chosen = _with_plain_init(chosen.override(**fields))
    out = Path("runs") / chosen.name if out is None else Path(out)
    start = partial(_networks_of, chosen.init) if chosen.init is not None else None
    first = os.environ.get("RANK", "0") == "0"  # of the processes of a launch: it writes for all
    callbacks = callbacks_of(chosen)
    if chosen.hub_model_id is not None and first:
        chosen.check()
        _claim(chosen.hub_model_id)
    pipeline = train_recipe(chosen, out, callbacks=callbacks, init_networks=start, progress=progress)
    if first:
        from .hub.card import write_card

        write_card(out)
        if chosen.hub_model_id is not None:
            from .hub.push import push

            push(out, chosen.hub_model_id, commit_message=f"Trained on {chosen.images:,} images")
    return pipeline


def _claim(repo_id: str) -> None:
    """Learn before training whether the Hub will take the model."""
    from .hub.push import claim

    claim(repo_id)


def _with_plain_init(recipe: Recipe) -> Recipe:
    """A local model to begin with, written so that nobody takes it for one of the Hub: `./runs/mine`."""
    ambiguous = recipe.init is not None and HUB_ID.fullmatch(recipe.init) and Path(recipe.init).exists()
    return recipe.override(init=f"./{recipe.init}") if ambiguous else recipe


def callbacks_of(recipe: Recipe) -> list[Any] | None:
    """What happens besides learning: the usual, and scores and pushes where the recipe asks for them; None for the
    usual alone.
    """
    if recipe.metrics is None and recipe.hub_model_id is None:
        return None
    recipe.check()
    scoring = [_scoring(recipe)] if recipe.metrics is not None else []
    return [*default_callbacks(recipe), *scoring, *_pushing(recipe)]


def _pushing(recipe: Recipe) -> list[Any]:
    """After the scores, which it takes along."""
    if recipe.hub_model_id is None:
        return []
    from .hub.push import Pushing

    return [Pushing(recipe.snapshot_images, recipe.hub_model_id)]


def _scoring(recipe: Recipe) -> Any:
    task = _task_of(recipe)
    from .evaluation.score_callback import ScoreCallback, TranslationScoreCallback  # here: imports torch-fidelity

    names = [name.strip() for name in recipe.metrics.split(",")]
    settings = (recipe.extractor, recipe.score_images)
    if task == "translation":
        return TranslationScoreCallback(
            recipe.evaluate_images, names, recipe.held_out() or recipe.override(flip=False).dataset(), *settings
        )
    return ScoreCallback(recipe.evaluate_images, names, recipe.dataset(), *settings)


def _task_of(recipe: Recipe) -> str:
    """What the recipe's model is for; `ValueError` for one that makes no images, which has no scores."""
    example = recipe.override(image_channels=recipe.image_channels or 1)
    with torch.device("meta"):
        networks = example.models()
    task = example.pipeline({**networks, **example.frozen()}).capabilities.task
    if task == "classification":
        raise ValueError(f"metrics={recipe.metrics} scores images, and {recipe.name} is for {task}; leave metrics out")
    return task


def evaluate(source: str | Path, reference: str | Path, *, paired: bool = False, **settings: Any) -> Any:
    """Score a model or a set of images against a reference.

    Arguments and errors are those of `hf_genimg.evaluation.evaluate.evaluate`, or where `paired` of
    `.paired.evaluate_paired`.
    """
    from .evaluation.evaluate import evaluate as measure  # here, for it takes torch-fidelity and torchvision along
    from .evaluation.paired import evaluate_paired

    return evaluate_paired(source, reference, **settings) if paired else measure(source, reference, **settings)


def build_demo(
    models: Any = (),
    *,
    any_model: bool = False,
    results_to: str | None = None,
    examples: Sequence[str] = (),
    data: str | None = None,
    keeps: bool = False,
    train: bool | None = None,
) -> Any:
    """The studio for one model or several, as `gr.Blocks`: `build_demo("runs/mine").launch()`.

    models: run directories, pipeline directories, Hub ids or pipelines; one of these, or several. any_model: let
    visitors type any Hub id; examples: ids that they can choose.
    data: what the models learned from, in place of what their runs say. keeps: visitors may save named directions with
    the models.
    results_to: a dataset on the Hub, to which answers of the human test are added where there is a token;
    HF_GENIMG_RESULTS_TO unless given.
    train: let visitors train models, in the folder HF_GENIMG_JOBS (runs/studio unless set); unless given, where
    HF_GENIMG_TRAIN is 1.
    Raises `ValueError` where there is nothing to show, and as `load`.
    """
    from .demo.app import build  # here, for it takes gradio along

    trains = os.environ.get("HF_GENIMG_TRAIN") == "1" if train is None else train
    results_to = results_to or os.environ.get("HF_GENIMG_RESULTS_TO")
    more = {"examples": examples, "data": data, "keeps": keeps, "trains": trains}
    return build(models, any_model=any_model, results_to=results_to, **more)


def _networks_of(model: str) -> Mapping[str, nn.Module]:
    """The networks of the model that a run starts from."""
    return {name: part for name, part in load(model).components.items() if isinstance(part, nn.Module)}
