"""The command line: `hf-genimg`. Every mistake is one line on stderr and a non-zero exit.

torch is imported by the commands that need it, so that help and mistakes are immediate.
"""

from __future__ import annotations

import os
import shlex
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from . import __version__
from .pictures import is_picture_file, read_picture, refuse_existing, refuse_picture_file, save

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
ArgumentError = typer.BadParameter.__mro__[2]  # the base of every complaint about arguments; typer has no public name for it

Model = Annotated[str, typer.Argument(metavar="MODEL", help="A run directory, a pipeline directory or a Hub id.")]
Seed = Annotated[int, typer.Option(help="Image i of a call is made from seed + i.", min=0)]


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    try:
        with one_line_warnings():
            status = app(arguments, standalone_mode=False, prog_name="hf-genimg") or 0
        return fail("stopped", 130) if status == 130 else status  # into which typer turns KeyboardInterrupt
    except (typer.Abort, KeyboardInterrupt):
        return fail("stopped", 130)
    except ArgumentError as error:
        return fail(error.format_message(), 2)
    except (ValueError, OSError, FloatingPointError, ImportError) as error:
        return fail(str(error), 1)
    except RuntimeError as error:
        if "out of memory" not in str(error) and "can't allocate memory" not in str(error):
            raise  # not a mistake of the user's: the traceback belongs into a report to us
        return fail("out of memory; use a smaller micro_batch_size, image_size or width", 1)


@contextmanager
def one_line_warnings() -> Iterator[None]:
    """Show our warnings as what they are to a user: one line."""
    plain = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *details: Any, **more: Any) -> None:
        if _rank() != "0":
            return  # the first process of a run says it
        if category in (UserWarning, RuntimeWarning):
            fail(f"warning: {message}", 0)
        else:
            plain(message, category, *details, **more)

    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = plain


def _load(model: str) -> Any:
    """The pipeline of a MODEL."""
    from .api import load

    _hide_loading_bars()
    return load(model)


def _hide_loading_bars() -> None:
    """Without diffusers' bar for the two files that it reads."""
    from diffusers.utils import logging

    logging.disable_progress_bar()


def _rank() -> str:
    """Which process of a launch this is; the first, where nothing was launched."""
    return os.environ.get("RANK", "0")


def fail(message: str, status: int) -> int:
    """Print one line and pass the exit status on."""
    process = "" if _rank() == "0" else f" [process {_rank()}]"
    print(f"hf-genimg{process}: {' '.join(message.split())}", file=sys.stderr)
    return status


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"hf-genimg {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _hf_genimg(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """GAN and VAE image generators for the Hugging Face Hub."""
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command("list")
def list_(
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="[recipes|models|data|metrics|extractors|RECIPE]", help="What to list, or a recipe to describe; all when left out."
        ),
    ] = None,
) -> None:
    """List what there is: recipes to train, models to build, data to learn from, metrics and extractors; or one recipe with its fields."""
    from .listing import KINDS, describe_recipe

    if kind is not None and kind not in KINDS:
        print(describe_recipe(kind))
        return
    for name in [kind] if kind else KINDS:
        lines = KINDS[name]()
        width = max(len(left) for left, _ in lines)
        print(f"{name}:" if kind is None else "", end="\n" if kind is None else "")
        for left, right in lines:
            print(f"  {left:<{width}}  {right}")


@app.command()
def train(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE|FILE.py", help="One of `hf-genimg list recipes`, or your own.")],
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="[field=value]...", help="Fields to set; `hf-genimg list RECIPE` shows them.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder; runs/RECIPE when left out.")] = None,
    smoke: Annotated[bool, typer.Option("--smoke", help="A run of seconds, to see that everything works.")] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Say what the run would take, from twenty rounds that are thrown away.")] = False,
) -> int:
    """Train a recipe. The same command again continues where it stopped."""
    from .recipes import recipe_class
    from .training.fields import parse_fields

    chosen = recipe_class(recipe)
    values = parse_fields(chosen, settings or [])
    instance = chosen().smoke() if smoke else chosen()
    name = f"{instance.name}-smoke" if smoke else instance.name
    if plan:
        return _plan(instance.override(**values))
    return _train(instance.override(**values), out or Path("runs") / name)


def _plan(recipe: Any) -> int:
    """Say what a run would take, and leave nothing behind."""
    from .training.plan import plan

    print(f"{recipe.name}: {plan(recipe)}")
    return 0


def _train(recipe: Any, out: Path) -> int:
    """Train and say in two lines where things are and what can be done next."""
    from .api import train as train_recipe

    if recipe.init is not None:
        _hide_loading_bars()
    try:
        pipeline = train_recipe(recipe, out)
    except KeyboardInterrupt as stop:
        if stop.args:
            raise SystemExit(130) from stop  # the run has said where it stands
        raise
    if _rank() != "0":
        return 0  # the first process speaks for all
    print(f"{out}: the model in pipeline/, grids in samples/, losses in curve.png and log.jsonl{_held_out_summary(out)}")
    print(f"next: hf-genimg {_next_use(pipeline.capabilities, shlex.quote(str(out)))}")
    return 0


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


@app.command()
def sample(
    model: Model,
    out: Annotated[Path, typer.Option(help="A folder for single pictures, or a .png for one picture or a grid.")],
    num: Annotated[int, typer.Option(help="How many images.", min=1)] = 1,
    seed: Seed = 0,
    label: Annotated[int | None, typer.Option(help="The class, for conditional models.", min=0)] = None,
    truncation: Annotated[float, typer.Option(help="Scale of the latents: below 1 more typical, less varied.")] = 1.0,
) -> None:
    """Make images, reproducibly: seed 7 is the same image whatever --num says."""
    one_file = is_picture_file(out)
    targets = [out] if one_file else [out / f"seed-{seed + number}.png" for number in range(num)]
    refuse_existing(targets)
    pipe = _load(model)
    if pipe.capabilities.task == "translation":
        raise ValueError(f"{model} makes images of pictures only; use hf-genimg translate {model} IMAGE --out {out}")
    if pipe.capabilities.task == "classification":
        raise ValueError(f"{model} makes no images, it names what is on them; use hf-genimg classify {model} IMAGE")
    pipe.set_progress_bar_config(disable=num <= 64)
    settings = {"class_labels": label, "truncation": truncation}
    if one_file and num > 1:
        out.parent.mkdir(parents=True, exist_ok=True)
        pipe.save_grid(out, num_images=num, seed=seed, max_batch_size=64, **settings)
    else:
        for image, target in zip(pipe(num, seed=seed, max_batch_size=64, **settings).images, targets, strict=True):
            save(image, target)
    print(f"{num} {'image' if num == 1 else 'images'} in {out}")


@app.command()
def reconstruct(
    model: Model,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Pictures to encode and decode.")],
    out: Annotated[Path, typer.Option(help="A folder for the reconstructions.")],
) -> None:
    """Send pictures through an autoencoder and back."""
    refuse_picture_file(out)
    targets = [out / f"{image.stem}-reconstructed.png" for image in images]
    refuse_existing(targets)
    pipe = _load(model)
    if not pipe.capabilities.encode:
        raise ValueError(f"{model} cannot encode pictures; reconstruct needs an autoencoder, such as a run of mlp_vae")
    for path in images:
        read_picture(path)  # a bad one among them is an error before any work
    for path, target in zip(images, targets, strict=True):
        save(pipe.reconstruct(read_picture(path))[0], target)
    print(f"{len(images)} {'reconstruction' if len(images) == 1 else 'reconstructions'} in {out}")


@app.command()
def translate(
    model: Model,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Pictures to translate.")],
    out: Annotated[Path, typer.Option(help="A folder for the translations.")],
    mask: Annotated[Path | None, typer.Option(help="White where there is something to fill in, for models that do.")] = None,
) -> None:
    """Turn pictures into what a model has learned to make of such."""
    refuse_picture_file(out)
    targets = [out / f"{image.stem}-translated.png" for image in images]
    refuse_existing(targets)
    pipe = _load(model)
    if pipe.capabilities.task != "translation":
        raise ValueError(f"{model} cannot translate pictures; translate needs a translator, such as a run of pix2pix")
    if mask is not None and not pipe.capabilities.mask:
        raise ValueError(f"{model} takes no mask, for it fills nothing in; leave out --mask {mask}")
    settings = {"mask": read_picture(mask)} if mask is not None else {}
    for path in images:
        read_picture(path)  # a bad one among them is an error before any work
    for path, target in zip(images, targets, strict=True):
        save(pipe(read_picture(path), **settings).images[0], target)
    print(f"{len(images)} {'translation' if len(images) == 1 else 'translations'} in {out}")


@app.command()
def classify(
    model: Model,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Pictures to classify.")],
    top: Annotated[int, typer.Option(help="How many classes to name for each, the likeliest first.", min=1)] = 1,
) -> None:
    """Say what is on pictures."""
    pictures = [read_picture(image) for image in images]
    pipe = _load(model)
    if pipe.capabilities.task != "classification":
        raise ValueError(f"{model} is no classifier; classify needs one, such as a run of classifier")
    found = pipe(pictures, top, max_batch_size=64)
    for image, names, shares in zip(images, found.names, found.probabilities, strict=True):
        print(f"{image}: {', '.join(f'{name} {share:.1%}' for name, share in zip(names, shares, strict=True))}")


@app.command()
def evaluate(
    source: Annotated[str, typer.Argument(metavar="MODEL|DATA", help="What is scored: a model, or a set of images.")],
    reference: Annotated[str, typer.Option(metavar="DATA", help="Real images, or an .npz with mu and sigma.")],
    metrics: Annotated[str | None, typer.Option(help="Names joined with commas, see `list metrics`; all when left out.")] = None,
    extractor: Annotated[str | None, typer.Option(metavar="NAME|MODEL", help="What looks at the images, see `list extractors`.")] = None,
    extractor_weights: Annotated[Path | None, typer.Option(help="A file with the weights of an extractor of torch-fidelity.")] = None,
    num: Annotated[int | None, typer.Option(help="How many images of the source; as many as the reference has when left out.")] = None,
    paired: Annotated[bool, typer.Option("--paired", help="Image by image (PSNR, SSIM): translators, or DATA against DATA.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE.json", help="Where to keep the scores; a run keeps them by itself.")] = None,
) -> int:
    """Score a model, or a set of images, against real ones, with the protocol that makes the numbers mean something."""
    if out is not None and out.suffix != ".json":
        raise ValueError(f"--out {out}: scores are written as JSON; use a name that ends in .json")
    if out is not None:
        refuse_existing([out])
    names = [name.strip() for name in metrics.split(",")] if metrics is not None else None
    _hide_loading_bars()
    run = Path(source)
    target = out or (run / "scores.json" if (run / "recipe.json").is_file() else None)
    if paired and (extractor or extractor_weights):
        raise ValueError("--paired compares pixels, so no extractor looks at them; leave out --extractor and --extractor-weights")
    eyes = {} if paired else {"extractor": extractor, "extractor_weights": extractor_weights}
    return _score(source, reference, target, metrics=names, num=num, paired=paired, **eyes)


def _score(source: str, reference: str, target: Path | None, **settings: Any) -> int:
    """Measure, print, and keep the scores in `target`."""
    from .api import evaluate as measure

    report = measure(source, reference, **settings)
    if _rank() != "0":
        return 0  # the first process speaks for all
    print(report.table())
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        print(f"scores and protocol in {report.save(target)}")
    return 0


@app.command()
def compare(
    one: Annotated[Path, typer.Argument(metavar="FILE.json", help="Scores that `evaluate` wrote.")],
    other: Annotated[Path, typer.Argument(metavar="FILE.json", help="Others, measured under the same protocol.")],
) -> None:
    """Say which of two models is better, and whether the difference exceeds the uncertainty."""
    from .evaluation.scores import Report
    from .evaluation.scores import compare as differences

    reports = Report.load(one), Report.load(other)
    lines = differences(*reports)
    for path, report in zip((one, other), reports, strict=True):
        print(f"{path}: {', '.join(f'{name} {value}' for name, value in report.source.items())}")
    print(f"both: {', '.join(f'{name} {value}' for name, value in reports[0].protocol.items())}")
    print(*lines, sep="\n")


@app.command()
def quickstart(out: Annotated[Path, typer.Option(help="The run's folder.")] = Path("runs/quickstart")) -> int:
    """Learn to write digits from the built-in set, in a few minutes on a plain CPU, and see how good they are."""
    from .recipes import recipe_class

    return _train(recipe_class("mlp_gan")(), out) or _score(str(out), "digits", out / "scores.json")


def run() -> None:
    """The console script."""
    sys.exit(main())


if __name__ == "__main__":
    run()
