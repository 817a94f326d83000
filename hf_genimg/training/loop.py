"""The one training loop: every recipe goes through `train`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import nn
from tqdm import tqdm

from ..faults import is_disk_full
from .callbacks import Callback, HeldOut, Samples, undisturbed
from .checkpoint import current_checkpoint, load_checkpoint, remove_leftovers, save_checkpoint
from .curve import draw_curves
from .device import (
    describe_machine,
    deterministic_kernels,
    keep_freed_memory,
    make_accelerator,
    refuse_compile_without_compiler,
)
from .interrupts import Interrupts
from .precision import AUTO, chosen_precision
from .processes import micro_batch_size
from .recipe import Recipe
from .run_directory import RunDirectory
from .state import FACTS, Run

SNAPSHOT_SECONDS = (
    60  # a checkpoint at least this often, so that a kill never costs more; when it is written changes no tensor
)


def train(
    recipe: Recipe,
    run_dir: str | Path,
    *,
    callbacks: Sequence[Callback] | None = None,
    init_networks: Callable[[], Mapping[str, nn.Module]] | None = None,
    stop_at: int | None = None,
    progress: bool = True,
) -> Any:
    """Train `recipe` in the folder `run_dir`, or go on where a run there stopped; returns its pipeline.

    callbacks: what happens besides learning; by default sample grids and held-out terms. init_networks: gives the
    weights to begin with, by name; called only where a run begins. stop_at: save and return after this many images, as
    after a signal. Random state is left as it was found. Raises `ValueError` before anything is written when recipe,
    data and folder do not go together, `FloatingPointError` when a loss stops being a number, `KeyboardInterrupt` or
    `SystemExit` after a signal; the state on disk is whole in each case.
    """
    recipe.check()
    networks = refuse_impossible(recipe)
    if recipe.compile:
        refuse_compile_without_compiler()
    directory = RunDirectory(run_dir, recipe)
    precision = chosen_precision(recipe, directory.state)
    accelerator = make_accelerator(precision, recipe.trackers, directory.path / "trackers")
    keep_freed_memory(accelerator.device)
    refuse_single_images(recipe, networks, micro_batch_size(recipe, accelerator.num_processes))
    with undisturbed((), accelerator.device), deterministic_kernels():
        dataset = recipe.dataset()
        recipe = recipe.fitted(dataset)
        refuse_small_data(recipe, len(dataset))
        run = Run(recipe, directory, dataset, accelerator)
        callbacks = default_callbacks(recipe) if callbacks is None else callbacks
        if init_networks is not None and current_checkpoint(directory.state) is None:
            run.start_from(init_networks())
        refuse_fewer_images(run)
        processes = run.processes
        processes.refuse_unlike(
            "what is trained, or its data,", f"{recipe.to_json()} {dataset.fingerprint} {precision}"
        )
        alone = directory.lock(recipe) if processes.is_main else nullcontext()
        with alone, Interrupts() as interrupts, name_what_is_kept(directory):
            resume(run, callbacks)
            with progress_bar(recipe, run.images, progress and processes.is_main) as bar:
                learn(run, callbacks, interrupts, stop_at, bar)
            interrupts.leave(run.images, speak=processes.is_main)
            return finish(run)


def learn(run: Run, callbacks: Sequence[Callback], interrupts: Interrupts, stop_at: int | None, bar: tqdm) -> None:
    """The loop: first what is due at this point (done? report? sample? save?), then one more training step."""
    recipe, previous, saved = run.recipe, run.images, time.monotonic()
    while True:
        done = run.images >= recipe.images
        interrupted, overdue = run.processes.any(
            interrupts.received is not None, time.monotonic() - saved > SNAPSHOT_SECONDS
        )
        if interrupted:
            interrupts.join()
        stopping = interrupted or (stop_at is not None and run.images >= stop_at)
        due = [callback for callback in callbacks if is_due(callback.every, previous, run.images, done)]
        snapshot = is_due(recipe.snapshot_images, previous, run.images, done or stopping or overdue)
        if is_due(recipe.log_images, previous, run.images, done):
            report(run, bar)
        if due or snapshot:
            run.meter.means(run.images)  # raises rather than show or keep what is no number
        for callback in due if run.processes.is_main else ():
            with undisturbed([*run.networks.values(), *run.average.networks.values()], run.accelerator.device):
                callback(run)
        if snapshot:
            save(run, callbacks)
            saved = time.monotonic()
        if done or stopping:
            return
        previous = run.images
        run.training_step()
        bar.update(run.images - previous)


def refuse_impossible(recipe: Recipe) -> Mapping[str, nn.Module]:
    """Let networks and objective refuse their arguments, without memory and before any image is read; returns those
    networks.
    """
    try:
        with torch.device("meta"):
            networks = recipe.override(image_channels=recipe.image_channels or 1).networks()
    except (RuntimeError, IndexError) as error:
        raise ValueError(f"{recipe.name} cannot build its networks from these fields: {error}") from error
    recipe.objective()
    return networks


def refuse_single_images(recipe: Recipe, networks: Mapping[str, nn.Module], micro_batch_size: int) -> None:
    """Raise `ValueError` where a batch norm would have to normalise one number by itself."""
    flat = any(isinstance(module, nn.BatchNorm1d) for network in networks.values() for module in network.modules())
    if flat and micro_batch_size == 1:
        raise ValueError(
            f"one image is too few for the batch norm of {recipe.name}; use batch_size and micro_batch_size of at "
            "least 2"
        )


def refuse_small_data(recipe: Recipe, size: int) -> None:
    """Raise `ValueError`, with a batch size that would do, when the data cannot fill one batch."""
    if size < recipe.batch_size:
        fitting = 1 << (size.bit_length() - 1)  # the largest power of two
        raise ValueError(
            f"data={recipe.data} has {size} images, fewer than batch_size={recipe.batch_size}; use "
            f"batch_size={fitting} or add images"
        )


def refuse_fewer_images(run: Run) -> None:
    """Raise `ValueError` when the run has gone on for longer than it is now to go in all; its last step may have
    passed the end.
    """
    folder = current_checkpoint(run.directory.state)
    if folder is not None and int(folder.name) - run.step_images >= run.recipe.images:
        remedy = f"use images={folder.name} or more to continue, or name another --out"
        raise ValueError(
            f"{run.directory.path} has trained on {folder.name} images, more than images={run.recipe.images}; {remedy}"
        )


@contextmanager
def name_what_is_kept(directory: RunDirectory) -> Iterator[None]:
    """Add to a `FloatingPointError(fact, what to try)` whether there is a state from before; of a full disk, raise
    `OSError` that says so.
    """
    try:
        yield
    except FloatingPointError as error:
        fact, remedy = (*error.args, "a lower learning_rate or max_grad_norm=1")[:2]
        saved = current_checkpoint(directory.state) is not None
        kept, start = (
            ("the last good state is kept", ", with init= the pipeline kept here")
            if saved
            else ("nothing was saved yet", "")
        )
        raise FloatingPointError(f"{fact}; {kept}. Try {remedy} in another --out{start}") from error
    except Exception as error:
        if not is_disk_full(error):
            raise
        folder = current_checkpoint(directory.state)
        kept = f"the state of {int(folder.name):,} images is kept whole" if folder else "nothing was saved yet"
        raise OSError(
            f"the disk of {directory.path} is full; {kept}. Free some space, and the same command continues"
        ) from error


def progress_bar(recipe: Recipe, images: int, visible: bool) -> tqdm:
    """Images, rate and time left; where nobody watches a terminal, a line every ten seconds."""
    interval = 0.1 if sys.stderr.isatty() else 10.0
    return tqdm(
        desc=recipe.name,
        total=recipe.images,
        initial=images,
        unit="img",
        unit_scale=True,
        mininterval=interval,
        disable=not visible,
    )


def default_callbacks(recipe: Recipe) -> list[Callback]:
    """Sample grids, and held-out terms where the data has images to hold out."""
    held_out = recipe.held_out()
    measured = [HeldOut(recipe.evaluate_images, held_out)] if held_out is not None else []
    return [Samples(recipe.sample_images), *measured]


def is_due(every: int | None, previous: int, images: int, done: bool) -> bool:
    """Whether the clock passed a multiple of `every` since `previous`, or this is the end of a stretch that was trained
    now.
    """
    passed = every is not None and images // every > previous // every
    return images > previous and (passed or done)


def resume(run: Run, callbacks: Sequence[Callback]) -> None:
    """Stand at the current checkpoint, with log, samples and pipeline as they were there; or at the beginning.

    Every process reads it. The main one alone tidies up, and its first word to the others comes after that.
    """
    run.meter.start_line(0)
    folder = current_checkpoint(run.directory.state)
    if folder is not None:
        tensors, facts = load_checkpoint(folder, FACTS)
        run.restore(tensors, facts)
        for callback in callbacks:
            callback.restore(facts["callbacks"].get(callback.name, {}))
    if run.processes.is_main:
        if folder is not None:
            remove_leftovers(run.directory.state)
        run.directory.rewind(run.images)
        run.directory.recover_pipeline()
        run.directory.write_recipe(run.recipe)
    run.accelerator.init_trackers(run.directory.path.name, config=run.recipe.to_json()["fields"])


def report(run: Run, bar: tqdm) -> None:
    """One line in the log, and the terms on the progress bar."""
    means = run.meter.means(run.images)
    rate = run.meter.start_line(run.images)
    scale = run.recipe.learning_rate_scale(run.images)
    measured = run.objective.measured(run.networks) | (run.private.spent() if run.private is not None else {})
    chosen = {"mixed_precision": run.precision} if run.recipe.mixed_precision == AUTO else {}
    run.log({**means, **measured, "learning_rate_scale": scale, "images_per_second": round(rate, 1), **chosen})
    bar.set_postfix({name.split("/")[1]: f"{mean:.3g}" for name, mean in means.items()}, refresh=False)


def save(run: Run, callbacks: Sequence[Callback]) -> None:
    """A checkpoint, then the pipeline that goes with it."""
    run.refuse_bad_weights()
    if not run.processes.is_main:
        return
    facts = {**run.facts(), "callbacks": {callback.name: callback.state() for callback in callbacks}}
    save_checkpoint(run.directory.state, run.images, run.tensors(), facts)
    run.directory.write_machine(describe_machine(run.accelerator))
    run.directory.replace_pipeline(run.pipeline())


def finish(run: Run) -> Any:
    """What a run leaves beside its state; returns the pipeline, ready to be called."""
    for tracker in run.accelerator.trackers:
        tracker.finish()
    run.moving.release()
    for network in run.networks.values():
        network.eval().requires_grad_(True)
    if run.processes.is_main:
        run.directory.replace_pipeline(
            run.pipeline()
        )  # again, for a kill may have come between the last state and its pipeline
        draw_curves(run.directory.records(), run.directory.curve)
    run.processes.wait()
    return run.pipeline()
